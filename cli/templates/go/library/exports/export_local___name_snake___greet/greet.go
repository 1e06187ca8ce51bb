// Package export_local_{{name_snake}}_greet exports the WIT interface `greet`. The bindings, which
// `wkit build` makes, call it and decide on its name.
package export_local_{{name_snake}}_greet

import "example.com/{{name}}/greeting"

// Greet returns a greeting for name.
func Greet(name string) string {
	return greeting.For(name)
}
