package activation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Profiles are the profiles of one shard.
type Profiles interface {
	// Traits returns, by profile, the values at paths, each as encoding/json
	// knows values and nil where there is none. A profile that is not known is
	// left out.
	Traits(ctx context.Context, profiles []string, paths [][]string) (map[string][]any, error)
}

const (
	// maxTraits bounds the traits of a destination, and maxTraitBytes the JSON
	// of one value: a longer one is left out.
	maxTraits     = 32
	maxTraitBytes = 1 << 10
)

// equip gives changes the traits that the destination asks for, as they are
// now.
func (c *courier) equip(ctx context.Context, changes []Change) error {
	values, err := c.profiles.Traits(ctx, profilesOf(changes), c.traits)
	if err != nil {
		return fmt.Errorf("reading traits: %w", err)
	}
	texts := map[string]string{}
	for i := range changes {
		id := changes[i].Profile
		text, known := texts[id]
		if !known {
			text = traitsText(c.traits, values[id])
			texts[id] = text
		}
		changes[i].Traits = text
	}
	return nil
}

// store has messages wait that are due at once. Messages with traits are stored
// before they are sent, as nobody could compose them again: traits change.
func (c *courier) store(lanes [][]*parcel, s *steps) error {
	for _, lane := range lanes {
		for _, p := range lane {
			behind, err := s.behind(p)
			if err == nil && !behind {
				err = s.queue(p, c.now().UnixMilli())
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// traitsText writes values at paths as one JSON object, in which those that are
// missing or too long are left out. Equal arguments give equal bytes.
func traitsText(paths [][]string, values []any) string {
	object := map[string]any{}
	for i, value := range values {
		if value == nil {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil || len(text) > maxTraitBytes {
			continue
		}
		at := object
		for _, key := range paths[i][:len(paths[i])-1] {
			below, ok := at[key].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[key] = below
			}
			at = below
		}
		at[paths[i][len(paths[i])-1]] = json.RawMessage(text)
	}
	text, err := json.Marshal(object)
	if err != nil {
		return "{}" // can't be: all of it was JSON before
	}
	return string(text)
}

// traitPath reads what a rule writes behind traits: address.city, or
// ["first name"] for a name with other signs than letters, digits and _. It
// returns the path's keys, or what is wrong and a hint.
func traitPath(entry string) (keys []string, message, hint string) {
	rest := entry
	for first := true; rest != "" || first; first = false {
		if strings.HasPrefix(rest, "[") {
			quoted, err := strconv.QuotedPrefix(rest[1:])
			key, bad := strconv.Unquote(quoted)
			after, closed := strings.CutPrefix(rest[min(len(rest), 1+len(quoted)):], "]")
			if err != nil || bad != nil || !closed || quoted[0] != '"' {
				return nil, fmt.Sprintf("%q is no path of a trait", entry), `write ["first name"], as a rule has it behind traits`
			}
			keys, rest = append(keys, key), after
			continue
		}
		if !first {
			var dot bool
			if rest, dot = strings.CutPrefix(rest, "."); !dot {
				return nil, fmt.Sprintf("%q is no path of a trait", entry), oddName
			}
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$' })
		if end < 0 {
			end = len(rest)
		}
		if end == 0 || unicode.IsDigit(rune(rest[0])) {
			return nil, fmt.Sprintf("%q is no path of a trait", entry), oddName
		}
		keys, rest = append(keys, rest[:end]), rest[end:]
	}
	if keys[0] == "traits" && strings.HasPrefix(entry, "traits") && len(keys) > 1 {
		return nil, fmt.Sprintf("%q begins with traits", entry), fmt.Sprintf("write %s", strings.TrimPrefix(strings.TrimPrefix(entry, "traits"), "."))
	}
	return keys, "", ""
}

const oddName = `write email or address.city, and ["first name"] for a name with other signs`

// traitPaths returns the paths of a destination's traits. Entries that can't be
// used are left out.
func (d *Destination) traitPaths() [][]string {
	var paths [][]string
	for _, entry := range d.Traits {
		if keys, message, _ := traitPath(entry); message == "" {
			paths = append(paths, keys)
		}
	}
	return paths
}

// within reports whether a path is another one or below it.
func within(path, above []string) bool {
	return len(path) >= len(above) && slices.Equal(path[:len(above)], above)
}
