// Command echo prints its arguments.
package main

import (
	"os"
	"strings"
)

func main() { _, _ = os.Stdout.WriteString(strings.Join(os.Args[1:], " ")) }
