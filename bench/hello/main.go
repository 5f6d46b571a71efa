// Hello is the least that a program in Go takes to start: what bench measures drydock version against.
package main

import "fmt"

func main() { fmt.Println("hello") }
