package change

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"drydock/final/images/show"
)

// check reads HEALTHCHECK: NONE, or options and CMD.
func check(c *show.Config, text string) error {
	var h show.Healthcheck
	for strings.HasPrefix(text, "--") {
		option, rest, _ := strings.Cut(text, " ")
		if err := setOption(&h, option); err != nil {
			return err
		}
		text = strings.TrimSpace(rest)
	}
	kind, line, _ := strings.Cut(text, " ")
	line = strings.TrimSpace(line)
	switch kind = strings.ToUpper(kind); {
	case kind == "NONE" && line == "":
		h = show.Healthcheck{Test: []string{"NONE"}}
	case kind == "NONE":
		return errors.New("HEALTHCHECK NONE takes no arguments")
	case kind != "CMD":
		return fmt.Errorf("unknown type %q in HEALTHCHECK (try CMD)", kind)
	case line == "":
		return errors.New("missing command after HEALTHCHECK CMD")
	default:
		if words, isList := list(line); isList {
			h.Test = append([]string{"CMD"}, words...)
		} else {
			h.Test = []string{"CMD-SHELL", line}
		}
	}
	c.Healthcheck = &h
	return nil
}

func setOption(h *show.Healthcheck, option string) (err error) {
	name, value, _ := strings.Cut(strings.TrimPrefix(option, "--"), "=")
	durations := map[string]*time.Duration{"interval": &h.Interval, "timeout": &h.Timeout, "start-period": &h.StartPeriod, "start-interval": &h.StartInterval}
	switch to, isDuration := durations[name]; {
	case isDuration:
		if *to, err = time.ParseDuration(value); err == nil && *to != 0 && *to < time.Millisecond {
			err = fmt.Errorf("interval %q cannot be less than 1ms", name)
		}
	case name == "retries":
		if h.Retries, err = strconv.Atoi(value); err == nil && h.Retries < 0 {
			err = fmt.Errorf("--retries cannot be negative (%d)", h.Retries)
		}
	default:
		err = fmt.Errorf("unknown flag: %s", name)
	}
	return err
}
