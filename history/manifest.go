package history

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"muster/history/archive"
)

// item is an object of the manifest.
type item struct {
	archive.Object
	choice archive.Choice
	key    string // see Request.objectKey
	at     int64  // where its line begins in the manifest, bytes
}

// manifestLine is how an object stands in the manifest.
type manifestLine struct {
	Key     string    `json:"key"`
	Size    int64     `json:"size"`
	Version string    `json:"version"`
	Written time.Time `json:"written"`
}

// Totals are sums over the objects of an archive.
type Totals struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"` // as they are stored
}

// Listing is what was listed of an archive, and what was left out.
type Listing struct {
	Chosen    Totals `json:"chosen"`
	OutOfDays Totals `json:"out_of_days"` // before From or after To
	Foreign   Totals `json:"foreign"`     // which the layout does not read
	items     []item
	length    int64 // of the manifest, bytes
}

func (t *Totals) add(o archive.Object) {
	t.Objects++
	t.Bytes += o.Size
}

func manifestFile(request string) string { return requestFile(request, "manifest.ndjson") }

// list lists the archive. The chosen objects stand in memory, some 300 bytes
// each.
func (r *Request) list(ctx context.Context) (*Listing, error) {
	l := &Listing{}
	err := r.Bucket.List(ctx, r.Prefix, func(o archive.Object) error {
		r.consider(l, o)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s/%s: %w", r.Bucket, r.Prefix, err)
	}
	return l, nil
}

// consider puts an object where it belongs.
func (r *Request) consider(l *Listing, o archive.Object) {
	choice, ok := r.Layout.Choose(strings.TrimPrefix(o.Key, r.Prefix))
	switch {
	case !ok:
		l.Foreign.add(o)
	case !r.within(choice.Day):
		l.OutOfDays.add(o)
	default:
		l.Chosen.add(o)
		l.items = append(l.items, item{o, choice, r.objectKey(o, choice.Format), 0})
	}
}

// within reports whether a day is between From and To. An object whose name
// tells no day is never left out.
func (r *Request) within(of time.Time) bool {
	if of.IsZero() {
		return true
	}
	return (r.From.IsZero() || day(of) >= day(r.From)) && (r.To.IsZero() || day(of) <= day(r.To))
}

// manifest returns the objects of a request. A request that was not finished
// goes on with the manifest that it has, unless anew says to list again.
func (r *Request) manifest(ctx context.Context, w work, anew bool) (l *Listing, listed bool, err error) {
	name, id := manifestFile(r.ID()), r.ID()
	begun, err := w.exists(name)
	if err != nil {
		return nil, false, err
	}
	finished, err := w.exists(requestFile(id, "summary.json"))
	if err != nil {
		return nil, false, err
	}
	if begun && !finished && !anew {
		l, err = r.readManifest(w, name)
		return l, false, err
	}
	if finished {
		if err := w.files.Remove(requestFile(id, "summary.json")); err != nil {
			return nil, false, err
		}
	}
	if err := w.forget(id); err != nil {
		return nil, false, err
	}
	if l, err = r.list(ctx); err != nil {
		return nil, false, err
	}
	if l.Chosen.Objects == 0 {
		return nil, false, r.nothing(l)
	}
	if err := w.writeJSON(requestFile(id, "listing.json"), l); err != nil {
		return nil, false, err
	}
	return l, true, w.writeFile(name, l.write)
}

// ErrNothing says that an archive has no object to read.
var ErrNothing = errors.New("there is no object to read")

// nothing says why there is nothing to read.
func (r *Request) nothing(l *Listing) error {
	return fmt.Errorf("%w in %s/%s: %d objects there are outside of the days asked for, and %d are none that layout %s reads",
		ErrNothing, r.Bucket, r.Prefix, l.OutOfDays.Objects, l.Foreign.Objects, r.Layout)
}

// write writes the manifest and notes where each object's line begins.
func (l *Listing) write(w io.Writer) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	l.length = 0
	for i := range l.items {
		o := &l.items[i]
		line.Reset()
		if err := encoder.Encode(manifestLine{o.Key, o.Size, o.Version, o.Written}); err != nil {
			return err
		}
		o.at = l.length
		l.length += int64(line.Len())
		if _, err := line.WriteTo(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) readManifest(w work, name string) (*Listing, error) {
	l := &Listing{}
	if err := w.readJSON(requestFile(r.ID(), "listing.json"), l); err != nil {
		return nil, err
	}
	l.Chosen = Totals{}
	return l, r.readLines(w, l, name, 0, -1)
}

// readLines adds the objects of a part of a manifest, from one byte to another;
// -1 for the end.
func (r *Request) readLines(w work, l *Listing, name string, from, to int64) error {
	path := w.locate(name)
	file, err := w.files.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	if to < 0 {
		to = math.MaxInt64
	}
	lines := bufio.NewReaderSize(io.NewSectionReader(file, from, to-from), writeBuffer)
	for l.length = from; ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		var one manifestLine
		if err == nil {
			err = json.Unmarshal(line, &one)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w; remove it, and the archive will be listed anew", path, err)
		}
		known := len(l.items)
		if r.consider(l, archive.Object(one)); len(l.items) > known {
			l.items[known].at = l.length
		}
		l.length += int64(len(line))
	}
}

// readPart returns the objects of a part.
func (x *index) readPart(p *Part) ([]item, error) {
	l, name := &Listing{}, manifestFile(x.request.ID())
	if err := x.request.readLines(x.work, l, name, p.From, p.To); err != nil {
		return nil, err
	}
	if len(l.items) != p.Objects || x.partKey(l.items) != p.Key {
		return nil, fmt.Errorf("reading %s: it is not the one that was planned with; plan again", x.work.locate(name))
	}
	return l.items, nil
}
