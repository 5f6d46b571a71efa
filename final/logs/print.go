package logs

import (
	"io"
	"maps"
	"net/url"
	"slices"
)

// A Printer shows entries as docker logs does.
type Printer struct {
	Stdout, Stderr io.Writer // where each stream goes
	Timestamps     bool      // begin each entry with its time
	Details        bool      // and with what the log driver has added

	stream string // whose entries are kept here
	kept   []byte
}

// timeLayout is time.RFC3339Nano with all nine digits, so that columns are aligned.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// Print shows an entry. It may keep it until Flush, but never for entries of the other stream.
func (p *Printer) Print(e Entry) error {
	if e.Stream != p.stream || len(p.kept) >= 64<<10 {
		if err := p.Flush(); err != nil {
			return err
		}
	}
	p.stream = e.Stream
	if p.Timestamps {
		p.kept = append(e.Time.UTC().AppendFormat(p.kept, timeLayout), ' ')
	}
	if p.Details {
		for i, name := range slices.Sorted(maps.Keys(e.Attrs)) {
			if i > 0 {
				p.kept = append(p.kept, ',')
			}
			p.kept = append(p.kept, url.QueryEscape(name)+"="+url.QueryEscape(e.Attrs[name])...)
		}
		p.kept = append(p.kept, ' ')
	}
	p.kept = append(p.kept, e.Log...)
	return nil
}

// Flush writes what is kept. It is for Query.Idle, and for the end.
func (p *Printer) Flush() error {
	if len(p.kept) == 0 {
		return nil
	}
	to := p.Stdout
	if p.stream == "stderr" {
		to = p.Stderr
	}
	_, err := to.Write(p.kept)
	p.kept = p.kept[:0]
	return err
}
