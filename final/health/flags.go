package health

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"drydock/final/images/show"
	"drydock/internal/flags"
)

// Values are what the flags say.
type Values struct {
	Command                                       string
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int
	None                                          bool
}

// Flags are Docker's flags of health checks.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "health-cmd", Value: flags.String{To: &v.Command}, Usage: "`COMMAND` for a shell in the container, whose exit code 0 means healthy"},
		{Name: "health-interval", Value: duration(&v.Interval), Usage: "`TIME` from one check to the next (30s)"},
		{Name: "health-retries", Value: number(&v.Retries), Usage: "`N` checks that fail, one after the other, mean unhealthy (3)"},
		{Name: "health-timeout", Value: duration(&v.Timeout), Usage: "`TIME` after which a check has failed (30s)"},
		{Name: "health-start-period", Value: duration(&v.StartPeriod), Usage: "`TIME` after the start in which failures do not count (0s)"},
		{Name: "health-start-interval", Value: duration(&v.StartInterval), Usage: "`TIME` from one check to the next in the start period (5s)"},
		{Name: "no-healthcheck", Value: flags.Bool{To: &v.None}, Usage: "no health checks, whatever the image says"},
	}
}

// A parser is a flag.Value that a function reads.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

func duration(to *time.Duration) parser {
	return func(text string) (err error) {
		*to, err = time.ParseDuration(text)
		return err
	}
}

func number(to *int) parser {
	return func(text string) error {
		n, err := strconv.ParseInt(text, 0, 32)
		*to = int(n)
		return err
	}
}

// Merge returns how a container is checked: as the flags say, and what they leave open as its
// image says. Nil is not at all; and so are some that are not, see Command.
func (v Values) Merge(image *show.Healthcheck) (*show.Healthcheck, error) {
	own := v
	own.None = false
	given := own != Values{}
	switch {
	case v.None && given:
		return nil, errors.New("--no-healthcheck conflicts with --health-* options")
	case !v.None && !given:
		return image, nil
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	merged := show.Healthcheck{
		Interval: v.Interval, Timeout: v.Timeout, StartPeriod: v.StartPeriod, StartInterval: v.StartInterval,
		Retries: v.Retries,
	}
	if v.None {
		merged.Test = []string{"NONE"}
	} else if v.Command != "" {
		merged.Test = []string{"CMD-SHELL", v.Command}
	}
	if image != nil {
		if len(merged.Test) == 0 {
			merged.Test = image.Test
		}
		merged.Interval = cmp.Or(merged.Interval, image.Interval)
		merged.Timeout = cmp.Or(merged.Timeout, image.Timeout)
		merged.StartPeriod = cmp.Or(merged.StartPeriod, image.StartPeriod)
		merged.StartInterval = cmp.Or(merged.StartInterval, image.StartInterval)
		merged.Retries = cmp.Or(merged.Retries, image.Retries)
	}
	return &merged, nil
}

// check refuses what Docker's client does, and then what its daemon does.
func (v Values) check() error {
	times := []struct {
		flag, name string
		value      time.Duration
	}{
		{"--health-interval", "Interval", v.Interval},
		{"--health-timeout", "Timeout", v.Timeout},
		{"--health-retries", "", time.Duration(v.Retries)},
		{"--health-start-period", "StartPeriod", v.StartPeriod},
		{"--health-start-interval", "StartInterval", v.StartInterval},
	}
	for _, t := range times {
		if t.value < 0 {
			return fmt.Errorf("%s cannot be negative", t.flag)
		}
	}
	for _, t := range times {
		if t.name != "" && t.value != 0 && t.value < time.Millisecond {
			return fmt.Errorf("%s in Healthcheck cannot be less than %s", t.name, time.Millisecond)
		}
	}
	return nil
}
