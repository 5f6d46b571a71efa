package change

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/show"
)

func TestApply(t *testing.T) {
	before := show.Config{ImageConfig: ocispec.ImageConfig{Cmd: []string{"sh"}, Env: []string{"A=1"}, WorkingDir: "/tmp"}}
	for name, c := range map[string]struct {
		instructions []string
		change       func(*show.Config)
	}{
		"list":       {[]string{`CMD ["cat", "/new"]`}, func(c *show.Config) { c.Cmd = []string{"cat", "/new"} }},
		"shell":      {[]string{`cmd echo "a b"`}, func(c *show.Config) { c.Cmd = []string{"/bin/sh", "-c", `echo "a b"`} }},
		"entrypoint": {[]string{`ENTRYPOINT ["a"]`}, func(c *show.Config) { c.Entrypoint, c.Cmd = []string{"a"}, nil }},
		"both":       {[]string{`CMD ["b"]`, `ENTRYPOINT ["a"]`}, func(c *show.Config) { c.Entrypoint, c.Cmd = []string{"a"}, []string{"b"} }},
		"env":        {[]string{`ENV A=2 B="x y" C=x\ y D='$x'`}, func(c *show.Config) { c.Env = []string{"A=2", "B=x y", "C=x y", "D=$x"} }},
		"old env":    {[]string{`ENV B x  y`}, func(c *show.Config) { c.Env = []string{"A=1", "B=x  y"} }},
		"label":      {[]string{`LABEL a=b "c d"=e`}, func(c *show.Config) { c.Labels = map[string]string{"a": "b", "c d": "e"} }},
		"expose": {[]string{`EXPOSE 80 53/udp 90-91`}, func(c *show.Config) {
			c.ExposedPorts = map[string]struct{}{"80/tcp": {}, "53/udp": {}, "90/tcp": {}, "91/tcp": {}}
		}},
		"volume":  {[]string{`VOLUME /data /more`, `VOLUME ["/a b"]`}, func(c *show.Config) { c.Volumes = map[string]struct{}{"/data": {}, "/more": {}, "/a b": {}} }},
		"user":    {[]string{`USER 1000:5`}, func(c *show.Config) { c.User = "1000:5" }},
		"dir":     {[]string{`WORKDIR x`, `WORKDIR ../y/`}, func(c *show.Config) { c.WorkingDir = "/tmp/y" }},
		"signal":  {[]string{`STOPSIGNAL INT`}, func(c *show.Config) { c.StopSignal = "INT" }},
		"onbuild": {[]string{`ONBUILD RUN true`}, func(c *show.Config) { c.OnBuild = []string{"RUN true"} }},
		"check": {[]string{`HEALTHCHECK --interval=5s --retries=2 CMD true x`}, func(c *show.Config) {
			c.Healthcheck = &show.Healthcheck{Test: []string{"CMD-SHELL", "true x"}, Interval: 5 * time.Second, Retries: 2}
		}},
		"no check": {[]string{`HEALTHCHECK NONE`}, func(c *show.Config) { c.Healthcheck = &show.Healthcheck{Test: []string{"NONE"}} }},
	} {
		got, want := before, before
		got.Env = append([]string{}, before.Env...)
		c.change(&want)
		if err := Apply(&got, c.instructions); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	for instruction, want := range map[string]string{
		"NOSUCH x":                   "NOSUCH is not a valid change command",
		"run true":                   "RUN is not a valid change command",
		"CMD":                        "CMD requires at least one argument",
		"EXPOSE x":                   "invalid containerPort: x",
		"ENV A":                      "ENV must have two arguments",
		"ENV A=1 B":                  `syntax error - can't find = in "B". Must be of the form: name=value`,
		`ENV A="x`:                   `unexpected end of statement while looking for matching "-quote`,
		"LABEL =x":                   "LABEL names can not be blank",
		`VOLUME [""]`:                "VOLUME specified can not be an empty string",
		"ONBUILD ONBUILD x":          "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
		"ONBUILD FROM x":             "FROM isn't allowed as an ONBUILD trigger",
		"HEALTHCHECK x":              `unknown type "X" in HEALTHCHECK (try CMD)`,
		"HEALTHCHECK CMD":            "missing command after HEALTHCHECK CMD",
		"HEALTHCHECK --x=1 CMD true": "unknown flag: x",
	} {
		if err := Apply(&show.Config{}, []string{instruction}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", instruction, err, want)
		}
	}
}
