package detached

import "testing"

func TestHidePassword(t *testing.T) {
	const message = "mount //server/share on /x: user=ann,password=secret: invalid argument"
	for options, want := range map[string]string{
		"user=ann,password=secret": "mount //server/share on /x: user=ann,password=********: invalid argument",
		"user=ann":                 message,
		"password=":                message,
	} {
		if got := hidePassword(message, options); got != want {
			t.Errorf("%s: %s", options, got)
		}
	}
}
