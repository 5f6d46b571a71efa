package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"drydock/final/transfer/login"
	"drydock/final/transfer/prompt"
	"drydock/final/transfer/registry"
	"drydock/internal/flags"
)

// The commands on passwords.
const (
	loginHelp  = "Usage: drydock login [FLAG…] [SERVER]\n\nLog in to a registry, or to Docker Hub if none is given.\n\n"
	logoutHelp = "Usage: drydock logout [SERVER]\n\nLog out from a registry, or from Docker Hub if none is given.\n"
)

// unencrypted is what Docker says when it stores a password as it is.
const unencrypted = `
WARNING! Your credentials are stored unencrypted in '%s'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`

func logIn(c call) error {
	var user, password string
	var fromStdin bool
	rest, err := flags.Arguments([]flags.Flag{
		{Name: "username", Short: "u", Value: flags.String{To: &user}, Usage: "log in as `USER`"},
		{Name: "password", Short: "p", Value: flags.String{To: &password}, Usage: "the password, or \"-\" to read it from standard input"},
		{Name: "password-stdin", Value: flags.Bool{To: &fromStdin}, Usage: "read the password from standard input"},
	}, c.args, 0, 1, loginHelp, c.stdout)
	if err != nil {
		return err
	}
	password, err = c.password(user, password, fromStdin)
	if err != nil {
		return err
	}
	config, err := login.Read(login.Default())
	if err != nil {
		return err
	}
	server := login.Server(strings.Join(rest, ""))
	if user == "" && password == "" {
		stored, err := config.Get(server)
		if err == nil && stored.Username != "" && stored.Password != "" {
			fmt.Fprintf(c.stderr, "Authenticating with existing credentials... [Username: %s]\n", stored.Username)
			user, password = stored.Username, stored.Password
		}
	}
	if user == "" || password == "" {
		terminal, isFile := c.stdin.(*os.File)
		if !isFile || !prompt.IsTerminal(terminal) {
			return errors.New("cannot perform an interactive login from a non-TTY device: use --username with --password-stdin")
		}
		if err := prompt.Login(terminal, interruptible(c.ctx, terminal), c.stdout, &user, &password); err != nil {
			return err
		}
	}
	return c.logIn(config, server, user, password)
}

// password returns the password that the flags give, if they give one.
func (c call) password(user, password string, fromStdin bool) (string, error) {
	if password == "-" {
		password, fromStdin = "", true
	}
	switch {
	case fromStdin && password != "":
		return "", errors.New("conflicting options: cannot specify both --password and --password-stdin")
	case fromStdin && user == "":
		return "", errors.New("the --password-stdin option requires --username to be set")
	case password != "":
		fmt.Fprintln(c.stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
	}
	if !fromStdin {
		return password, nil
	}
	text, err := io.ReadAll(interruptible(c.ctx, c.stdin))
	if err != nil {
		return "", err
	}
	password = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if strings.TrimSpace(password) == "" {
		return "", errors.New("password is empty")
	}
	return password, nil
}

// logIn asks the registry whether a password is right, and stores it if it is.
func (c call) logIn(config *login.Config, server, user, password string) error {
	o, err := c.registries()
	if err != nil {
		return err
	}
	o.Login = func(string) (authn.AuthConfig, error) {
		return authn.AuthConfig{Username: user, Password: password}, nil
	}
	target := registry.Target{Registry: server}
	if server == login.HubServer {
		target.Registry = registry.Hub
	}
	asked, err := o.Open(c.ctx, target)
	if err == nil {
		err = asked.Ping(c.ctx)
	}
	if err != nil {
		return err
	}
	isPlain, err := config.Store(server, user, password)
	if err != nil {
		return fmt.Errorf("error saving credentials: %w", err)
	}
	if isPlain {
		fmt.Fprintf(c.stderr, unencrypted, config.Path)
	}
	fmt.Fprintln(c.stdout, "Login Succeeded")
	return nil
}

func logOut(c call) error {
	rest, err := flags.Arguments(nil, c.args, 0, 1, logoutHelp, c.stdout)
	if err != nil {
		return err
	}
	server := login.Server(strings.Join(rest, ""))
	config, err := login.Read(login.Default())
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "Removing login credentials for", server)
	return config.Erase(server)
}
