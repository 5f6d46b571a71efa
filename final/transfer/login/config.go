// Package login keeps what people log in to registries with, where Docker keeps it.
//
// The problem: a password is typed once and used by every pull and push, and by Docker and other
// tools too, which have their own things in the same file.
//
// The format is Docker's ~/.docker/config.json. Base64 hides nothing: a program called
// docker-credential-NAME may keep the passwords instead, for all registries or for one. It is
// run with get, store or erase and talks JSON:
//
//	{
//		"auths":       {"registry.example:5000": {"auth": "bWU6c2VjcmV0"}},
//		"credsStore":  "secretservice",
//		"credHelpers": {"other.example": "pass"}
//	}
//
// By hand:
//
//	jq -r '.auths["registry.example:5000"].auth' ~/.docker/config.json | base64 -d
//	echo other.example | docker-credential-pass get
//
// To read: docker-login(1), "Credential stores"; the docker-credential-helpers project.
package login

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
)

// HubServer is what Docker Hub is called in the file.
const HubServer = "https://index.docker.io/v1/"

// Server is what a registry is called in the file: its host, whatever address people type.
func Server(address string) string {
	if address == "" || address == "docker.io" || address == HubServer {
		return HubServer
	}
	if parsed, err := url.Parse(address); err == nil && strings.Contains(address, "://") && parsed.Host != "" {
		return parsed.Host
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// A Config is a file of Docker's. What we do not know in it stays as it is.
type Config struct {
	Path    string
	all     map[string]json.RawMessage
	auths   map[string]json.RawMessage
	helpers map[string]string // by registry
	store   string            // the helper of all others; empty is none
}

// Default is the folder of the file: $DOCKER_CONFIG, or ~/.docker.
func Default() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/root" // without a $HOME nobody else is meant
	}
	return filepath.Join(home, ".docker")
}

// Read reads the file in a folder. One that is not there is empty.
func Read(dir string) (*Config, error) {
	c := &Config{Path: filepath.Join(dir, "config.json"), all: map[string]json.RawMessage{}, auths: map[string]json.RawMessage{}}
	text, err := os.ReadFile(c.Path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return c, nil
	}
	err = json.Unmarshal(text, &c.all)
	for key, part := range map[string]any{"auths": &c.auths, "credHelpers": &c.helpers, "credsStore": &c.store} {
		if err == nil && c.all[key] != nil {
			err = json.Unmarshal(c.all[key], part)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: correct it, or move it away", c.Path, err)
	}
	if c.all == nil || c.auths == nil { // null
		return nil, fmt.Errorf("%s has null where there should be {}: correct it, or move it away", c.Path)
	}
	return c, nil
}

// Get returns what is stored for a server, which is nothing for most.
func (c *Config) Get(server string) (authn.AuthConfig, error) {
	if helper := c.helper(server); helper != "" {
		return ask(helper, server)
	}
	var login authn.AuthConfig
	entry := c.auths[server]
	for key, other := range c.auths {
		if entry == nil && Server(key) == server { // written by an older Docker, as an address
			entry = other
		}
	}
	if entry == nil {
		return login, nil
	}
	var stored struct{ Auth, IdentityToken, RegistryToken string }
	if err := json.Unmarshal(entry, &stored); err != nil {
		return login, fmt.Errorf("%s: %s: %w", c.Path, server, err)
	}
	login.IdentityToken, login.RegistryToken = stored.IdentityToken, stored.RegistryToken
	if stored.Auth == "" {
		return login, nil
	}
	text, err := base64.StdEncoding.DecodeString(stored.Auth)
	user, password, isPair := strings.Cut(string(text), ":")
	if err != nil || !isPair || user == "" {
		return login, fmt.Errorf("%s: %s: its auth is not the base64 of USER:PASSWORD: log in again", c.Path, server)
	}
	login.Username, login.Password = user, strings.Trim(password, "\x00")
	return login, nil
}
