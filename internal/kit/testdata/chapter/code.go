// Package code is quoted by chapters.
package code

// Greet greets somebody.
func Greet(name string) string {
	if name == "" {
		name = "you"
	}

	return "hello " + name
}

// A Greeter greets.
type Greeter struct{}

// Greet greets nobody in particular.
func (g *Greeter) Greet() string {
	return Greet("")
}
