package limit

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/flags"
)

// TestFlags compares with what Docker does; final's tests have its very words.
func TestFlags(t *testing.T) {
	tests := []struct {
		args []string
		want map[string]string
		err  string
	}{
		{args: []string{"--memory", "64m"}, want: map[string]string{"memory.max": "67108864", "memory.swap.max": "67108864"}},
		{args: []string{"-m", "6291456"}, want: map[string]string{"memory.max": "6291456", "memory.swap.max": "6291456"}},
		{args: []string{"-m", "1g", "-m", "0"}, want: map[string]string{}},
		{args: []string{"--memory", "6291455"}, err: `minimum memory limit allowed is 6MB`},
		{args: []string{"--memory", "-1"}, err: `invalid argument "-1" for "-m, --memory" flag: invalid size: '-1'`},
		{args: []string{"--cpus", "0.5"}, want: map[string]string{"cpu.max": "50000 100000"}},
		{args: []string{"--cpus", "1/2"}, want: map[string]string{"cpu.max": "50000 100000"}},
		{args: []string{"--cpus", "0"}, want: map[string]string{}},
		{args: []string{"--cpus", "0.009"}, err: fmt.Sprintf(`range of CPUs is from 0.01 to %d.00, as there are only %[1]d CPUs available`, runtime.NumCPU())},
		{args: []string{"--cpus", "1e30"}, err: fmt.Sprintf(`range of CPUs is from 0.01 to %d.00, as there are only %[1]d CPUs available`, runtime.NumCPU())},
		{args: []string{"--cpus", "half"}, err: `invalid argument "half" for "--cpus" flag: failed to parse half as a rational number`},
		{args: []string{"--cpus", "0.1234567891"}, err: `invalid argument "0.1234567891" for "--cpus" flag: value is too precise`},
		{args: []string{"--pids-limit", "40"}, want: map[string]string{"pids.max": "40"}},
		{args: []string{"--pids-limit", "-1"}, want: map[string]string{}},
		{args: []string{"--pids-limit", "1.5"}, err: `invalid argument "1.5" for "--pids-limit" flag: strconv.ParseInt: parsing "1.5": invalid syntax`},
	}
	for _, test := range tests {
		got := map[string]string{}
		var values Values
		_, err := flags.Parse(Flags(&values), test.args)
		if err == nil {
			err = values.Validate()
		}
		values.Lines(func(file, value string) { got[file] = value })
		if err != nil && err.Error() != test.err || err == nil && test.err != "" {
			t.Errorf("%v: error %v, want %s", test.args, err, test.err)
		}
		if diff := cmp.Diff(test.want, got); err == nil && diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
	}
}
