package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/event"
	"muster/rules"
)

// samplePaths is how many paths of a sample are noted, in some 30 MB.
const samplePaths = 200_000

// sampled is what check read of a sample of events.
type sampled struct {
	Name    string      `json:"name"`
	Events  int         `json:"events"`
	Names   int         `json:"names"` // that events have
	Refused int         `json:"refused"`
	Reason  string      `json:"reason,omitempty"` // of the first that was refused
	Lacks   rules.Asked `json:"lacks"`            // what could not be looked up, as no event brings such a thing
	Full    bool        `json:"full"`             // whether it has more names and paths than are noted
}

// compare looks up what the rules ask for in a sample of events.
func (f *finding) compare(name string, in io.Reader, sources []rules.Source) error {
	f.Sample = &sampled{Name: name}
	vocabulary, err := f.Sample.read(in)
	if err != nil {
		return err
	}
	f.Sample.Lacks = vocabulary.Lacks(rules.AskedOf(sources...))
	f.unseen = vocabulary.Unseen(sources...)
	f.Unseen = listed(f.unseen)
	return nil
}

// read notes what all events of the sample bring, or asks a service for what
// it has noted.
func (s *sampled) read(in io.Reader) (*rules.Vocabulary, error) {
	if isService(s.Name) {
		return s.ask()
	}
	limits, vocabulary := event.Default(), rules.NewVocabulary(samplePaths)
	decoder, err := event.NewDecoder(limits)
	if err != nil {
		return nil, err
	}
	lines, err := openLines(s.Name, in, limits.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer lines.close()
	for number := 1; ; number++ {
		line, size, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return vocabulary, s.tell(vocabulary)
		case err != nil:
			return nil, unusable(fmt.Errorf("reading events from %s after line %d: %w", s.Name, number-1, err))
		case size > len(line):
			s.refuse(number, fmt.Sprintf("record: %d bytes, the limit is %d", size, len(line)))
		case size > 0:
			s.add(decoder, vocabulary, number, line)
		}
	}
}

// add notes what a record brings. Times don't matter, so an event without any
// will do.
func (s *sampled) add(decoder *event.Decoder, vocabulary *rules.Vocabulary, number int, line []byte) {
	const someTime = 1
	decoder.Reset()
	events, rejected := decoder.Decode(nil, nil, line, someTime, 0)
	for i := range events {
		vocabulary.Add(&events[i])
	}
	for _, one := range rejected {
		s.refuse(number, one.Reason)
	}
}

func (s *sampled) refuse(line int, reason string) {
	if s.Refused++; s.Refused == 1 {
		s.Reason = fmt.Sprintf("%s:%d: %s", s.Name, line, reason)
	}
}

// tell takes over what the vocabulary knows. A sample without an event would
// make every name unseen.
func (s *sampled) tell(v *rules.Vocabulary) error {
	s.Events, s.Names, s.Full = v.Events(), v.Names(), v.Full()
	switch {
	case s.Events > 0:
		return nil
	case isService(s.Name):
		return unusable(fmt.Errorf("the service at %s has not seen any event since it began", s.Name))
	case s.Refused > 0:
		return unusable(fmt.Errorf("%s holds no event that can be used: %s", s.Name, s.Reason))
	}
	return unusable(fmt.Errorf("%s is empty: a sample is events as one JSON object a line, as evaluator replay reads them", s.Name))
}

// lookup says in a line what was looked up, or could not be.
func (f *finding) lookup() string {
	if f.Sample != nil {
		return f.Sample.summary(len(f.unseen))
	}
	if f.Unknown == nil {
		return ""
	}
	if parts := counted(*f.Unknown); parts != "" {
		return "unknown to a check without data: " + parts + "; --sample FILE looks them up\n"
	}
	return ""
}

// summary says what the sample was, and how many names it does not have.
func (s *sampled) summary(unseen int) string {
	verb := "were"
	if unseen == 1 {
		verb = "was"
	}
	text := fmt.Sprintf("%s: %s of %s; %s that rules ask for %s never seen", s.Name, number(s.Events, "event"), number(s.Names, "name"), number(unseen, "name"), verb)
	if lacks := counted(s.Lacks); lacks != "" {
		text += "; it has no such thing at all, so not looked up: " + lacks
	}
	if s.Full {
		text += "; it has more names than are noted, so some were not looked up"
	}
	if s.Refused > 0 {
		text += fmt.Sprintf("; %s can't be used, the first %s", number(s.Refused, "event"), s.Reason)
	}
	return text + "\n"
}

// counted says how many names there are of each kind, "" for none at all.
func counted(asked rules.Asked) string {
	var parts []string
	for _, one := range []struct {
		n         int
		one, many string
	}{
		{asked.Events, "event name", "event names"}, {asked.Traits, "trait", "traits"}, {asked.Properties, "property", "properties"},
		{asked.Contexts, "path in contexts", "paths in contexts"}, {asked.Groups, "trait of groups", "traits of groups"},
	} {
		switch {
		case one.n == 1:
			parts = append(parts, "1 "+one.one)
		case one.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.many))
		}
	}
	return strings.Join(parts, ", ")
}
