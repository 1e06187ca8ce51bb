// What the world exports, in terms of the code that needs no WebAssembly.
#include <stdlib.h>
#include <string.h>

#include "{{name_snake}}.h"
#include "greeting.h"

// Strings of other components are not terminated, and belong to whoever is called.
void exports_local_{{name_snake}}_greet_greet({{name_snake}}_string_t *name, {{name_snake}}_string_t *ret) {
    char *text = greeting((const char *)name->ptr, name->len);
    {{name_snake}}_string_free(name);
    if (text == NULL) {
        abort();
    }
    // The bindings free it when it has been read.
    {{name_snake}}_string_set(ret, text);
}
