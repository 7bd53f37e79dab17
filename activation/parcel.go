package activation

import (
	"encoding/json"
	"fmt"
	"slices"
)

// parcel is the changes of one message on its way.
type parcel struct {
	number  int64
	changes []Change
	failed  int // attempts
	reason  string
	sent    bool // whether it may have been sent, apart from failed attempts
	owed    bool // whether a snapshot run waits for it, see Standing.Owed
}

func newParcel(changes []Change) *parcel {
	return &parcel{number: changes[0].Number, changes: changes}
}

// profiles returns the profiles of its changes, each once.
func (p *parcel) profiles() []string { return profilesOf(p.changes) }

// profilesOf returns the profiles of changes, each once.
func profilesOf(changes []Change) []string {
	var out []string
	seen := map[string]bool{}
	for i := range changes {
		if id := changes[i].Profile; !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// stored is the form in which a message that waits, or was given up, is kept.
type stored struct {
	Changes []storedChange `json:"changes"`
	Failed  int            `json:"failed"` // attempts
	Reason  string         `json:"reason,omitempty"`
	Sent    bool           `json:"sent,omitempty"`
	Owed    bool           `json:"owed,omitempty"`
}

// storedChange keeps an id of any bytes, which a text in JSON can't hold.
type storedChange struct {
	Change
	Profile []byte `json:"Profile"`
}

func (p *parcel) encode() ([]byte, error) {
	s := stored{Failed: p.failed, Reason: p.reason, Sent: p.sent, Owed: p.owed}
	for _, c := range p.changes {
		s.Changes = append(s.Changes, storedChange{c, []byte(c.Profile)})
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding message %d: %w", p.number, err)
	}
	return text, nil
}

func decode(w Waiting) (*parcel, error) {
	var s stored
	if err := json.Unmarshal(w.Text, &s); err != nil {
		return nil, fmt.Errorf("decoding message %d: %w", w.Number, err)
	}
	if len(s.Changes) == 0 {
		return nil, fmt.Errorf("decoding message %d: it has no changes", w.Number)
	}
	p := &parcel{number: w.Number, failed: s.Failed, reason: s.Reason, sent: s.Sent, owed: s.Owed}
	for _, c := range s.Changes {
		c.Change.Profile = string(c.Profile)
		p.changes = append(p.changes, c.Change)
	}
	return p, nil
}

// DeadLetter is a message that was given up.
type DeadLetter struct {
	Changes []Change
	Failed  int // attempts
	Reason  string
}

// DecodeDead reads a message that Step.Dead has stored.
func DecodeDead(text []byte) (DeadLetter, error) {
	p, err := decode(Waiting{Text: text})
	if err != nil {
		return DeadLetter{}, err
	}
	return DeadLetter{p.changes, p.failed, p.reason}, nil
}

// IsAbout reports whether the letter has a change of a profile.
func (d *DeadLetter) IsAbout(profile string) bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Profile == profile })
}

// Waiting returns the letter as a message that waits for its first attempt,
// under the id that it had.
func (d *DeadLetter) Waiting() (Waiting, error) {
	p := newParcel(d.Changes)
	p.sent = true
	text, err := p.encode()
	return Waiting{p.number, text}, err
}
