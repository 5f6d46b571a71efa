package login

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
)

// helper is the program that keeps a server's password, without docker-credential-; empty is
// none.
func (c *Config) helper(server string) string {
	if helper, hasOwn := c.helpers[server]; hasOwn {
		return helper
	}
	return c.store
}

// A pair is what helpers take and give.
type pair struct{ ServerURL, Username, Secret string }

// What helpers have in place of a user when the secret is a token, and say when they have
// nothing.
const (
	tokenUser = "<token>"
	notThere  = "credentials not found in native keychain"
)

// ask gets what a helper has for a server: nothing is no error.
func ask(helper, server string) (login authn.AuthConfig, err error) {
	out, err := talk(helper, "get", server)
	if err != nil {
		if strings.TrimSpace(string(out)) == notThere {
			return login, nil
		}
		return login, err
	}
	var has pair
	if err := json.Unmarshal(out, &has); err != nil {
		return login, HelperError{fmt.Errorf("docker-credential-%s get: %w", helper, err)}
	}
	if has.Username == tokenUser {
		login.IdentityToken = has.Secret
		return login, nil
	}
	login.Username, login.Password = has.Username, has.Secret
	return login, nil
}

// tell has a helper keep a password.
func tell(helper string, secret pair) error {
	text, err := json.Marshal(secret)
	if err == nil {
		_, err = talk(helper, "store", string(text))
	}
	return err
}

// A HelperError is about a helper that is missing, or fails.
type HelperError struct{ error }

// talk runs a helper. What it says when it fails is on its standard output.
func talk(helper, verb, input string) ([]byte, error) {
	program := "docker-credential-" + helper
	cmd := exec.Command(program, verb)
	cmd.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, HelperError{fmt.Errorf("%w: install it, or take it out of config.json", err)}
		}
		why := cmp.Or(strings.TrimSpace(string(out)), strings.TrimSpace(said.String()), "it says nothing")
		return out, HelperError{fmt.Errorf("%s %s: %w: %s", program, verb, err, why)}
	}
	return out, nil
}
