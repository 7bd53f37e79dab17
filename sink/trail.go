package sink

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"muster/pipeline"
)

// The trail of a shard says which profiles its newest commits have touched, so
// that who holds copies of profiles knows which of them to read again. It is a
// stream, written in the transaction of each commit:
//
//	m:{s12}:trail   <commit>-<part>   epoch, ids
//
// The commit is its number in the shard, of which there is none missing: a hole
// in the numbers says that entries were dropped, or that commits came from an
// evaluator that writes no trail. A commit of many profiles has several parts,
// from 0 on, so that the bound of entries is one of ids too. A commit that
// touches nobody has an entry without ids. The epoch tells the entries of a
// commit that Redis has lost from those of the one that came in its place.
//
// An entry names erased profiles too: see CleanTrail.

// trailIDs is how many ids an entry has at most.
const trailIDs = 256

// fillTrail appends the ids of all profiles of the commit, which is the one
// after so many others.
func (t *transaction) fillTrail(ctx context.Context, most, commits int64) {
	if most == 0 {
		return
	}
	writes := t.commit.Profiles
	var key any = t.keys.trail(t.shard)
	for part := int64(0); part == 0 || len(writes) > 0; part++ {
		some := writes[:min(trailIDs, len(writes))]
		writes = writes[len(some):]
		t.begin("xadd", key)
		if part == 0 {
			t.add("maxlen", "~", t.int(most)) // once a commit, as with the outbox
		}
		t.add(t.piece(appendID(t.letters, commits+1, part)), "epoch", &t.commit.Epoch, "ids", t.piece(appendTrail(t.letters, some)))
		t.endText(ctx)
	}
}

// appendTrail writes ids one behind the other, each with its length before it
// and a zero byte on both sides: so whoever looks for an id finds it as a word.
func appendTrail(b []byte, writes []pipeline.Write) []byte {
	for i := range writes {
		b = append(binary.AppendUvarint(b, uint64(len(writes[i].Profile))), 0)
		b = append(append(b, writes[i].Profile...), 0)
	}
	return b
}

// trailOf reads what appendTrail has written.
func trailOf(text string) (ids []string, err error) {
	r := entryReader{rest: text}
	for r.rest != "" {
		n := r.number()
		before := r.byte()
		if r.failed || before != 0 || n >= uint64(len(r.rest)) || r.rest[n] != 0 {
			return nil, final("an entry of %d bytes in the trail has another form", len(text))
		}
		ids = append(ids, strings.Clone(r.rest[:n])) // the entry may hold many more
		r.rest = r.rest[n+1:]
	}
	return ids, nil
}

// trailNames reports whether an entry names a profile.
func trailNames(text, profile string) bool {
	ids, err := trailOf(text)
	for _, id := range ids {
		if id == profile {
			return true
		}
	}
	return err != nil
}

// Commits returns how many commits a shard has had.
func (s *Store) Commits(ctx context.Context, shard int) (int64, error) {
	var m meta
	err := s.retry(ctx, "reading shard", func(ctx context.Context) (err error) {
		m, err = readMeta(ctx, s.client, s.keys.meta(shard))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("counting the commits of shard %d: %w", shard, err)
	}
	return m.commits, nil
}

// CleanTrail removes the entries of a shard's first commits from its trail, and
// returns how many there were. A profile that was erased is in none of a later
// commit, unless the customer has come back.
func (s *Store) CleanTrail(ctx context.Context, shard int, commits int64) (removed int, err error) {
	err = s.retry(ctx, "cleaning a trail", func(ctx context.Context) error {
		n, err := s.client.XTrimMinID(ctx, s.keys.trail(shard), strconv.FormatInt(commits+1, 10)).Result()
		removed += int(n)
		return err
	})
	if err != nil {
		return removed, fmt.Errorf("cleaning the trail of shard %d: %w", shard, err)
	}
	return removed, nil
}
