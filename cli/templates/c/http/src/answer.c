#include "answer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char GREETING[] = "Hello, ";
static const char STRANGER[] = "world";
static const char PARAMETER[] = "name=";

static int digit(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

// Writes the text that `length` bytes of a query stand for, and says where it ends.
static char *decode(char *out, const char *text, size_t length) {
    for (size_t index = 0; index < length; index++) {
        bool coded = text[index] == '%' && index + 2 < length;
        if (coded && digit(text[index + 1]) >= 0 && digit(text[index + 2]) >= 0) {
            *out++ = (char)(digit(text[index + 1]) * 16 + digit(text[index + 2]));
            index += 2;
        } else {
            *out++ = text[index] == '+' ? ' ' : text[index];
        }
    }
    return out;
}

// Sets `name` to the value of the parameter `name`, where the query has one.
static size_t find_name(const char *query, size_t length, const char **name) {
    const size_t title = strlen(PARAMETER);
    while (length > 0) {
        const char *next = memchr(query, '&', length);
        size_t part = next != NULL ? (size_t)(next - query) : length;
        if (part > title && memcmp(query, PARAMETER, title) == 0) {
            *name = query + title;
            return part - title;
        }
        size_t step = next != NULL ? part + 1 : part;
        query += step;
        length -= step;
    }
    *name = STRANGER;
    return strlen(STRANGER);
}

struct answer answer(const char *path, size_t length) {
    const char *query = memchr(path, '?', length);
    size_t path_length = query != NULL ? (size_t)(query - path) : length;
    if (path_length != 1 || path[0] != '/') {
        return (struct answer){.status = 404, .body = strdup("Not found\n")};
    }
    const char *name;
    size_t name_length = query != NULL ? find_name(query + 1, length - path_length - 1, &name)
                                       : find_name("", 0, &name);
    char *body = malloc(sizeof GREETING + name_length + sizeof "!\n");
    if (body != NULL) {
        memcpy(body, GREETING, strlen(GREETING));
        strcpy(decode(body + strlen(GREETING), name, name_length), "!\n");
    }
    return (struct answer){.status = 200, .body = body};
}
