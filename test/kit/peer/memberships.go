package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Memberships are the pairs of a profile and a segment that it is in.
type Memberships map[Membership]struct{}

// Membership says that a profile is in a segment.
type Membership struct{ Profile, Segment string }

// ReadMemberships reads what a peer has dumped.
func ReadMemberships(dump io.Reader) (Memberships, error) {
	all := Memberships{}
	for lines := json.NewDecoder(dump); ; {
		var line struct {
			Profile  string   `json:"profile"`
			Segments []string `json:"segments"`
		}
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the peer's memberships: %w", err)
		}
		for _, segment := range line.Segments {
			all[Membership{line.Profile, segment}] = struct{}{}
		}
	}
}

// Without returns how many are not in others, and one of those.
func (m Memberships) Without(others Memberships) (number int, example Membership) {
	for one := range m {
		if _, both := others[one]; !both {
			number, example = number+1, one
		}
	}
	return number, example
}
