package history

import (
	"context"
	"io"
	"strings"

	"muster/event"
	"muster/history/projection"
	"muster/history/sorted"
	"muster/pipeline"
	"muster/profile"
)

// extractor makes a patch of each profile that a merge of sorted runs comes to. It is
// not safe for concurrent use.
type extractor struct {
	*patching
	past    *pipeline.Past
	merge   *sorted.Merge
	more    bool // whether the merge stands at a row
	decoder projection.Decoder
	tally   tally
	bytes   int64 // of the bodies of patches
}

// write writes the patches of all profiles before a virtual shard.
func (e *extractor) write(ctx context.Context, out io.Writer, end int) error {
	e.tally, e.bytes = tally{}, 0
	w := newPatchWriter(out)
	for e.more && e.merge.Shard() < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		profile := strings.Clone(e.merge.Row().Profile)
		if err := e.take(profile); err != nil {
			return err
		}
		d, there := e.past.Patch("any")
		if !there {
			continue
		}
		e.bytes += int64(len(d.Body))
		if err := w.add(profile, d.Body); err != nil {
			return err
		}
	}
	if err := e.merge.Err(); err != nil {
		return err
	}
	return w.close(e.tally, e.bytes)
}

// take takes all events of a profile in.
func (e *extractor) take(id string) error {
	seam, rows := e.Seams[e.Shard(id)], int64(0)
	e.past.Begin(id, seam)
	for ; e.more && e.merge.Row().Profile == id; e.more = e.merge.Next() {
		rows++
		row := e.merge.Row()
		if row.Arrival > seam {
			e.tally.Later++
			continue
		}
		ev := event.Event{Profile: id, MessageID: row.MessageID, Time: row.Time, Arrival: row.Arrival}
		e.decoder.Reset() // the profile keeps copies
		if err := e.decoder.Decode(&ev, row.Kind, row.Body, e.merge.Texts()); err != nil {
			return err
		}
		outcome, err := e.past.Take(&ev)
		if err != nil {
			return err
		}
		e.count(&ev, outcome)
	}
	e.progress.rows.Add(rows)
	return e.merge.Err()
}

// count notes what became of an event.
func (e *extractor) count(ev *event.Event, o profile.Outcome) {
	switch o {
	case profile.Applied:
		e.tally.Applied++
	case profile.Repeat:
		e.tally.Repeats++
	default:
		if e.tally.Refused++; len(e.tally.Letters) < maxRefused {
			e.tally.Letters = append(e.tally.Letters, refused{ev.Profile, strings.Clone(ev.MessageID), o.Reason(&e.request.Limits.Profiles)})
		}
	}
}
