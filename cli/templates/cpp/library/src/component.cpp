// What the world exports, in terms of the code that needs no WebAssembly.
#include "{{name_snake}}_cpp.h"

#include "greeting.h"

wit::string exports::local::{{name_snake}}::greet::Greet(wit::string name) {
    return wit::string::from_view(Greeting(name.get_view()));
}
