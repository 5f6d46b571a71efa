package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stanza is what `apt-get indextargets` says of one list.
func stanza(origin, codename, component, signedBy string) string {
	text := "Created-By: Packages\nOrigin: " + origin + "\nCodename: " + codename +
		"\nComponent: " + component + "\nRepo-URI: http://mirror.example/" + strings.ToLower(origin) + "/\n"
	if signedBy != "" {
		text += "Signed-By: " + signedBy + "\n"
	}
	return text + "\n"
}

func TestSourcesForAnotherSuite(t *testing.T) {
	targets := stanza("Debian", "bookworm", "main", "/keys/debian.gpg") +
		stanza("Debian", "bookworm", "main", "/keys/debian.gpg") + // once for each architecture
		stanza("Debian", "bookworm", "contrib", "") +
		stanza("Debian", "bookworm-security", "main", "") +
		stanza("Debian", "bookworm-backports", "main", "") +
		stanza("Somebody", "nodistro", "main", "")
	got, err := sourcesFor("trixie", targets)
	if err != nil {
		t.Fatal(err)
	}
	want := `deb [signed-by=/keys/debian.gpg] http://mirror.example/debian/ trixie main
deb http://mirror.example/debian/ trixie-security main
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestSourcesWithoutDebian(t *testing.T) {
	_, err := sourcesFor("trixie", stanza("Somebody", "noble", "main", ""))
	if err == nil || !strings.Contains(err.Error(), "has no Debian source") {
		t.Errorf("got %v, want an error that says that Debian is missing", err)
	}
}

func TestPackageFile(t *testing.T) {
	p := Package{"procps", "2:4.0.2-3", "amd64"}
	if got, want := p.file(), "procps_2%3a4.0.2-3_amd64.deb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInstallLines(t *testing.T) {
	const simulated = `NOTE: This is only a simulation!
Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []
Inst debconf (1.5.82 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [all])
Conf libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])
`
	var got []Package
	for _, match := range installLine.FindAllStringSubmatch(simulated, -1) {
		got = append(got, Package{match[1], match[2], match[3]})
	}
	want := []Package{{"libc6", "2.36-9+deb12u14", "amd64"}, {"debconf", "1.5.82", "all"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}
