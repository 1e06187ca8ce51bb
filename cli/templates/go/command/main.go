// Command {{name}} greets whoever its first argument names.
package main

import (
	"fmt"
	"os"
)

func main() {
	name := "world"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	fmt.Println(greeting(name))
}

// greeting is what the command says to name.
func greeting(name string) string {
	return fmt.Sprintf("Hello, %s!", name)
}
