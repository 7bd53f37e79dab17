package segments

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"muster/catalogue"
	"muster/rules"
	"muster/sink"
)

// check is an edit that is held against the definitions that are there.
type check struct {
	seen    *snapshot
	known   *rules.Checks
	edit    sink.DefinitionsEdit
	changed map[string]rules.Segment // what is written, by id
	wrong   rules.Errors
	bytes   int64            // of what is written
	all     int64            // of all definitions then
	tables  catalogue.Tables // that there would be
}

func newCheck(seen *snapshot, known *rules.Checks) *check {
	c := &check{seen: seen, known: known, edit: sink.DefinitionsEdit{Write: map[string]string{}}, changed: map[string]rules.Segment{}, all: seen.head.Bytes}
	c.tables = maps.Clone(seen.tables)
	return c
}

// write takes in the text of a segment, unless it is there already. A text
// without an id is of the segment that it is written for.
func (c *check) write(id, text string) {
	source := sourceOf(id, text)
	normal, segment, wrong := rules.Normal(source, id)
	if len(wrong) == 0 && segment.ID != id {
		wrong = rules.Errors{{
			File: source.Name, Segment: segment.ID, Line: 1, Column: 1,
			Message: fmt.Sprintf("the text is of the segment %s", segment.ID), Hint: "write id: " + id,
		}}
	}
	before, known := c.seen.texts[id]
	switch {
	case len(wrong) > 0:
		c.wrong = append(c.wrong, wrong...)
		return
	case known && before.Text == normal.Text:
		return
	}
	c.edit.Write[id], c.changed[id] = normal.Text, segment
	c.bytes += int64(len(normal.Text))
	c.all += int64(len(normal.Text) - len(before.Text))
}

func (c *check) remove(id string) {
	if before, known := c.seen.texts[id]; known {
		c.edit.Remove = append(c.edit.Remove, id)
		c.all -= int64(len(before.Text))
	}
}

// finish checks what would be in force and runs the tests of what may come out
// otherwise than before. Of what would be in force only what is written is
// compiled: to compile all is for whoever takes it over, and finds no mistake
// that this does not find.
func (c *check) finish() (sink.DefinitionsEdit, error) {
	if bound := c.bound(); bound != "" {
		return c.edit, &RefusedError{Bound: bound}
	}
	if len(c.wrong) == 0 && changesNothing(&c.edit) {
		return c.edit, nil
	}
	segments, wrong := c.then()
	if len(wrong) > 0 {
		return c.edit, &RefusedError{Mistakes: wrong}
	}
	draft, err := rules.Check(segments, c.known)
	var mistakes rules.Errors
	switch {
	case errors.As(err, &mistakes):
		return c.edit, &RefusedError{Mistakes: mistakes}
	case err != nil:
		return c.edit, &RefusedError{Bound: err.Error()}
	}
	failures, err := c.test(draft)
	if err != nil {
		return c.edit, err
	}
	if len(failures) > 0 {
		return c.edit, &RefusedError{Failures: failures}
	}
	return c.edit, nil
}

// bound says which bound the edit would pass.
func (c *check) bound() string {
	removed := len(c.edit.Remove)
	count := len(c.seen.texts) - removed
	for id := range c.edit.Write {
		if _, known := c.seen.texts[id]; !known {
			count++
		}
	}
	switch {
	case count > MaxDefinitions:
		return fmt.Sprintf("there would be %d definitions; there may be %d", count, MaxDefinitions)
	case c.bytes > MaxEditBytes:
		return fmt.Sprintf("the change has %d bytes of text; one may have %d: make it in parts", c.bytes, MaxEditBytes)
	case c.all > MaxBytes:
		return fmt.Sprintf("all definitions would have %d bytes of text; they may have %d", c.all, MaxBytes)
	}
	return c.catalogueBound()
}

// then returns the segments that there would be.
func (c *check) then() ([]rules.Segment, rules.Errors) {
	after := maps.Clone(c.seen.read)
	if after == nil {
		after = map[string]parsed{}
	}
	for _, id := range c.edit.Remove {
		delete(after, id)
	}
	for id, segment := range c.changed {
		after[id] = parsed{segment: segment}
	}
	segments, wrong := (&snapshot{read: after, tables: c.tables}).list()
	return segments, slices.Concat(c.wrong, wrong)
}

// test compiles what was written, and runs its tests and those of what mentions
// it or asks a catalogue that was written, in a rule set of their own: an example
// is applied to all rules of a set.
func (c *check) test(draft *rules.Draft) ([]Failure, error) {
	affected, needed := map[string]bool{}, []int(nil)
	for i := range draft.Len() { // a segment stands behind those that it mentions
		one := draft.Segment(i)
		_, written := c.changed[one.ID]
		affected[one.ID] = written || c.asksChanged(draft, i)
		for _, at := range draft.Mentions(i) {
			affected[one.ID] = affected[one.ID] || affected[draft.Segment(at).ID]
		}
		if written || affected[one.ID] && len(one.Tests) > 0 {
			needed = append(needed, i)
		}
	}
	if len(needed) == 0 {
		return nil, nil
	}
	set, err := draft.Subset(needed)
	if err != nil {
		return nil, fmt.Errorf("compiling what was written: %w", err)
	}
	_, failures, err := RunTests(set, func(s *rules.Segment) bool { return affected[s.ID] })
	return failures, err
}
