package login

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
)

func read(t *testing.T, dir string) *Config {
	t.Helper()
	c, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t *testing.T, c *Config, server string) authn.AuthConfig {
	t.Helper()
	login, err := c.Get(server)
	if err != nil {
		t.Fatal(err)
	}
	return login
}

// TestServer: as credentials.ConvertToHostname of Docker's CLI, and its names for the Hub.
func TestServer(t *testing.T) {
	for address, want := range map[string]string{
		"": HubServer, "docker.io": HubServer, HubServer: HubServer, "localhost:5000": "localhost:5000",
		"https://a.example:5000/v1/": "a.example:5000", "http://a.example": "a.example", "a.example/path": "a.example",
	} {
		if diff := cmp.Diff(want, Server(address)); diff != "" {
			t.Errorf("%q: %s", address, diff)
		}
	}
}

// TestStore keeps what others have written, and is as Docker 29 writes it.
func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docker")
	c := read(t, dir)
	if isPlain, err := c.Store("localhost:5001", "me", "sec:ret"); err != nil || !isPlain {
		t.Fatal(isPlain, err)
	}
	text, err := os.ReadFile(c.Path)
	want := "{\n\t\"auths\": {\n\t\t\"localhost:5001\": {\n\t\t\t\"auth\": \"" + base64.StdEncoding.EncodeToString([]byte("me:sec:ret")) + "\"\n\t\t}\n\t}\n}"
	if diff := cmp.Diff(want, string(text)); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if info, err := os.Stat(c.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	if diff := cmp.Diff(authn.AuthConfig{Username: "me", Password: "sec:ret"}, get(t, read(t, dir), "localhost:5001")); diff != "" {
		t.Error(diff)
	}
	old := `{"HttpHeaders":{"X":"y"},"auths":{"https://old.example/v1/":{"auth":"YTpi","email":"a@b"}},"detachKeys":"ctrl-e"}`
	if err := os.WriteFile(c.Path, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	c = read(t, dir)
	if diff := cmp.Diff(authn.AuthConfig{Username: "a", Password: "b"}, get(t, c, "old.example")); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Store("new.example", "me", "x"); err != nil {
		t.Fatal(err)
	}
	if err := read(t, dir).Erase("new.example"); err != nil {
		t.Fatal(err)
	}
	var left, before any
	text, err = os.ReadFile(c.Path)
	if err != nil || json.Unmarshal(text, &left) != nil || json.Unmarshal([]byte(old), &before) != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, left); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(c.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	if err := read(t, dir).Erase("none.example"); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left are %v: %v", files, err)
	}
}

// TestLink: who keeps the file elsewhere and links to it still does so afterwards.
func TestLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(elsewhere, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "config.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, dir).Store("a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(dir, "config.json")); to != elsewhere {
		t.Errorf("%q: %v", to, err)
	}
	if err := os.Rename(elsewhere, elsewhere+".old"); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, dir).Store("a", "b", "c"); err != nil {
		t.Error("there is nothing where it leads to:", err)
	}
	if diff := cmp.Diff(authn.AuthConfig{Username: "b", Password: "c"}, get(t, &Config{auths: read(t, dir).auths}, "a")); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Lstat(elsewhere); err != nil || !info.Mode().IsRegular() {
		t.Error(info, err)
	}
}

// TestOthers: what others have written since the file was read is kept, and the file remains
// theirs whose it is.
func TestOthers(t *testing.T) {
	dir := t.TempDir()
	if _, err := read(t, dir).Store("a.example", "a", "b"); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(dir, "config.json"), 1234, 1235); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for n := range 20 {
		c := read(t, dir)
		all.Go(func() {
			if _, err := c.Store(fmt.Sprintf("%d.example", n), "a", "b"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if has := read(t, dir).auths; len(has) != 21 {
		t.Errorf("of 21 there are %d", len(has))
	}
	var info unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "config.json"), &info); err != nil || os.Geteuid() == 0 && (info.Uid != 1234 || info.Gid != 1235) {
		t.Error(info.Uid, info.Gid, err)
	}
}

// TestErase forgets whatever Get finds.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	text := `{"auths":{"https://reg.example/v1/":{"auth":"YTpi"},"reg.example":{"auth":"YTpi"},"other.example":{"auth":"YTpi"},"https://index.docker.io/v1/":{"auth":"YTpi"},"docker.io":{}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := read(t, dir)
	for _, server := range []string{"reg.example", HubServer} {
		if err := c.Erase(server); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(authn.AuthConfig{}, get(t, read(t, dir), server)); diff != "" {
			t.Error(diff)
		}
	}
	if left := slices.Collect(maps.Keys(read(t, dir).auths)); len(left) != 1 {
		t.Error(left)
	}
}

// helper is a program as others write them: a file for each server.
const helper = `#!/bin/sh
set -eu
cd "$(dirname "$0")"
case $1 in
get) cat "$(cat)" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
store) text=$(cat); echo "$text" >"$(echo "$text" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')" ;;
erase) rm "$(cat)" 2>/dev/null || { echo "it is locked"; exit 1; } ;;
esac
`

// TestHelpers has a helper for one registry, and another for all others.
func TestHelpers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", os.Getenv("PATH")+":"+filepath.Join(dir, "one")+":"+filepath.Join(dir, "all"))
	for _, name := range []string{"one", "all"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "docker-credential-"+name), []byte(helper), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"credsStore":"all","credHelpers":{"a.example":"one"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := read(t, dir)
	if diff := cmp.Diff(authn.AuthConfig{}, get(t, c, "a.example")); diff != "" {
		t.Error(diff)
	}
	for server, name := range map[string]string{"a.example": "one", "b.example": "all"} {
		if isPlain, err := c.Store(server, "me", "secret"); err != nil || isPlain {
			t.Error(isPlain, err)
		}
		if _, err := os.Stat(filepath.Join(dir, name, server)); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(authn.AuthConfig{Username: "me", Password: "secret"}, get(t, read(t, dir), server)); diff != "" {
			t.Error(diff)
		}
	}
	if text, err := os.ReadFile(c.Path); err != nil || strings.Contains(string(text), "auth\"") {
		t.Errorf("the file has a password: %s, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "one", "t.example"), []byte(`{"ServerURL":"t.example","Username":"<token>","Secret":"abc"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c.helpers["t.example"] = "one"
	if diff := cmp.Diff(authn.AuthConfig{IdentityToken: "abc"}, get(t, c, "t.example")); diff != "" {
		t.Error(diff)
	}
	if err := c.Erase("a.example"); err != nil {
		t.Error(err)
	}
	if err := c.Erase("a.example"); err == nil || !strings.Contains(err.Error(), "docker-credential-one erase: exit status 1: it is locked") {
		t.Error(err)
	}
	c.store = "none"
	if _, err := c.Get("b.example"); err == nil || !strings.Contains(err.Error(), "install it, or take it out of config.json") {
		t.Error(err)
	}
}

func TestBroken(t *testing.T) {
	for text, want := range map[string]string{
		`{`:               "unexpected end of JSON input: correct it, or move it away",
		`null`:            "has null where there should be {}",
		`{"auths":null}`:  "has null where there should be {}",
		`{"auths":[]}`:    "cannot unmarshal array",
		`{"auths":{}} {}`: "invalid character",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	c := &Config{auths: map[string]json.RawMessage{"a": []byte(`{"auth":"bm8="}`)}}
	if _, err := c.Get("a"); err == nil || !strings.Contains(err.Error(), "log in again") {
		t.Error(err)
	}
}
