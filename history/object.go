package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"muster/event"
	"muster/history/account"
	"muster/history/archive"
	"muster/history/projection"
	"muster/history/sorted"
	"muster/profile"
)

// note is what a sorted run says of its object.
type note struct {
	Key     string `json:"key"`
	Bytes   int64  `json:"bytes"`   // as they are stored
	Records int64  `json:"records"` // that could be read
	Events  int64  `json:"events"`  // of them
	Refused int64  `json:"refused"` // records, or items of them, that are no events
	// First and Last are the earliest and the latest arrival, ms since 1970
	// UTC; 0 where there is no event.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Ahead counts events that say they arrived more than five minutes after
	// the object was written.
	Ahead int64 `json:"ahead,omitempty"`
	// Broken says why the object can't be read to its end, "" when it can.
	Broken string `json:"broken,omitempty"`
}

// maxAhead is how far clocks may be apart before it is told, in milliseconds.
const maxAhead = 5 * 60 * 1000

// digester makes sorted runs of objects. It is not safe for concurrent use.
type digester struct {
	request    *Request
	work       work
	projection projection.Projection
	events     []event.Event
	rejected   []event.Rejection
	decoder    *event.Decoder
	encoder    *projection.Encoder
	writer     *sorted.Writer
	body       []byte
	meter      *account.Meter // of what is read
}

func newDigester(r *Request, w work, p projection.Projection, memory int) (*digester, error) {
	decoder, err := event.NewDecoder(r.Limits.Events)
	if err != nil {
		return nil, err
	}
	decoder.ReadContext(contextFields(p))
	encoder := projection.NewEncoder(p)
	decoder.ReadBody(encoder.Reading)
	writer := sorted.NewWriter(nil, memory)
	writer.Sparse = !p.Seen
	return &digester{request: r, work: w, projection: p, decoder: decoder, encoder: encoder, writer: writer, meter: &account.Meter{}}, nil
}

// contextFields lists the fields of contexts that a projection keeps anything
// of.
func contextFields(p projection.Projection) []string {
	paths := p.Calls
	for i := range p.Streams {
		paths = append(paths[:len(paths):len(paths)], p.Streams[i].Contexts...)
	}
	fields := []string{}
	known := map[string]bool{}
	for _, path := range paths {
		if first := profile.Path(path).Keys()[0]; !known[first] {
			known[first] = true
			fields = append(fields, first)
		}
	}
	return fields
}

// digest makes the sorted run of an object, and its dead letters before it. What ends
// reading for a reason of the object's own is in the note, for the request to
// judge; anything else is an error.
func (d *digester) digest(ctx context.Context, o *item) (note, error) {
	in, err := d.request.Bucket.Open(ctx, o.Object)
	if err != nil {
		return note{}, err
	}
	in = d.meter.Opened(in)
	key := runKey(o.key, d.projection)
	found, dead := note{Key: o.Key, Bytes: o.Size}, &letters{object: o.Key}
	err = d.work.writeFile(runFile(key), func(out io.Writer) error {
		if err := d.write(out, in, o, &found, dead); err != nil {
			return err
		}
		if dead.count == 0 {
			return nil
		}
		return d.work.writeFile(deadFile(key), dead.write)
	})
	return found, errors.Join(err, in.Close())
}

// write reads an object and writes its run.
func (d *digester) write(out io.Writer, in io.Reader, o *item, found *note, dead *letters) error {
	d.encoder.Reset()
	d.writer.Reset(out)
	latest := o.Written.UnixMilli() + maxAhead
	err := archive.Read(in, o.Key, o.choice.Format, func(r archive.Record) error {
		found.Records++
		d.decoder.Reset()
		d.events, d.rejected = d.decoder.Decode(d.events[:0], d.rejected[:0], r.Value, r.Arrival, 0)
		for i := range d.rejected {
			dead.add(r.Line, d.rejected[i].Reason, d.rejected[i].Value)
		}
		for i := range d.events {
			found.take(&d.events[i], latest)
			if err := d.add(&d.events[i]); err != nil {
				return err
			}
		}
		return nil
	})
	d.meter.Decoded(found.Events)
	var broken *archive.Broken
	if errors.As(err, &broken) {
		found.Broken = broken.Error()
		dead.add(broken.Line, broken.Error(), nil)
		err = nil
	}
	if err != nil {
		return err
	}
	found.Refused = dead.count
	return d.writer.Close(d.encoder.Texts(), found)
}

func (n *note) take(ev *event.Event, latest int64) {
	n.Events++
	if n.First == 0 || ev.Arrival < n.First {
		n.First = ev.Arrival
	}
	n.Last = max(n.Last, ev.Arrival)
	if ev.Arrival > latest {
		n.Ahead++
	}
}

// add gives an event to the run.
func (d *digester) add(ev *event.Event) error {
	row := sorted.Row{Profile: ev.Profile, MessageID: ev.MessageID, Arrival: ev.Arrival, Time: ev.Time}
	d.body, row.Kind = d.encoder.Append(d.body[:0], ev)
	if row.Body = d.body; row.Kind == projection.Unread && !d.projection.IDs {
		row.MessageID = ""
	}
	return d.writer.Add(&row)
}

// readNote returns the note of an open run.
func readNote(r *sorted.Run) (n note, err error) {
	if err := json.Unmarshal(r.Note, &n); err != nil {
		return note{}, fmt.Errorf("reading a sorted run's note: %w", err)
	}
	return n, nil
}
