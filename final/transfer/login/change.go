package login

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Store keeps what has been found to be right. isPlain tells that a password has been written
// which whoever can read the file can read.
func (c *Config) Store(server, user, password string) (isPlain bool, err error) {
	entry := map[string]string{} // with a helper, it only says that there is something
	helper := c.helper(server)
	if helper == "" {
		entry["auth"] = base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	} else if err := tell(helper, pair{server, user, password}); err != nil {
		return false, err
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return false, err
	}
	err = c.change(func(auths map[string]json.RawMessage) bool {
		var before map[string]string
		if json.Unmarshal(auths[server], &before) == nil && maps.Equal(entry, before) {
			return false
		}
		auths[server], isPlain = text, helper == ""
		return true
	})
	return isPlain, err
}

// Erase forgets a server, under each of the names that Get finds it by. One that is not there is
// forgotten already.
func (c *Config) Erase(server string) error {
	if helper := c.helper(server); helper != "" {
		if _, err := talk(helper, "erase", server); err != nil {
			return err
		}
	}
	if _, err := os.Stat(c.Path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return c.change(func(auths map[string]json.RawMessage) bool {
		known := len(auths)
		maps.DeleteFunc(auths, func(key string, _ json.RawMessage) bool { return key == server || Server(key) == server })
		return len(auths) < known
	})
}

// change has do change the entries, as they are now, while no other process of ours does, and
// writes them if it says so.
func (c *Config) change(do func(auths map[string]json.RawMessage) bool) error {
	path, err := target(c.Path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock, err := os.Open(filepath.Dir(path)) // the folder itself: a lock's file would stay in it
	if err != nil {
		return err
	}
	defer lock.Close()
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return os.NewSyscallError("flock "+lock.Name(), err)
	}
	now, err := Read(filepath.Dir(c.Path))
	if err != nil {
		return err
	}
	*c = *now
	if !do(c.auths) {
		return nil
	}
	return c.write(path)
}

// target follows links to a file, which need not be there: people keep their settings elsewhere.
func target(path string) (string, error) {
	for range 40 { // as many as the kernel follows
		to, err := os.Readlink(path)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.EINVAL) {
			return path, nil // it is no link
		} else if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", &os.PathError{Op: "open", Path: path, Err: unix.ELOOP}
}

// write replaces the file, which only its owner can read, all at once.
func (c *Config) write(path string) error {
	text, err := json.Marshal(c.auths)
	if err != nil {
		return err
	}
	c.all["auths"] = text
	if text, err = json.MarshalIndent(c.all, "", "\t"); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "config.json.*") // 0600
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	var before unix.Stat_t
	if unix.Stat(path, &before) == nil && int(before.Uid) != os.Geteuid() {
		err = errors.Join(err, draft.Chown(int(before.Uid), int(before.Gid))) // sudo drydock login
	}
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return nil
}
