package pipeline

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"muster/profile"
)

const (
	// sampleSize is the number of profiles in a Sample. Shares of predicates
	// are then off by about 2 %, which is more than the index needs.
	sampleSize = 512
	// sampleBytes bounds the blob of a profile in a Sample, so that a full one
	// takes at most 16 MB. Larger ones are left out.
	sampleBytes = 32 << 10
	// sampleReach is the number of writes that a Sample stands for: each
	// further one takes a place with a chance of sampleSize in sampleReach.
	sampleReach = 64 * sampleSize
)

// Sample is a random choice of the profiles that the workers of a process
// wrote of late, for rules.Options.Draw: what is touched often is in it with
// more weight, as it is in the work of matching. It holds copies in their
// stored form and is safe for concurrent use.
type Sample struct {
	mu    sync.Mutex
	slots []sampled
	seen  int // writes offered, at most sampleReach
	now   int64
	names map[int][]string // by shard, the newest; it only grows, so older blobs can be read with it
}

// sampled is one profile as it was stored. It is never changed.
type sampled struct {
	shard   int
	profile string
	blob    []byte
}

// NewSample returns an empty Sample.
func NewSample() *Sample { return &Sample{names: map[int][]string{}} }

// offer lets every profile of a stored commit take its chance. names are the
// shard's, those of the commit included.
func (s *Sample) offer(shard int, names []string, c *Commit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(s.now, c.Clock)
	s.names[shard] = names
	for i := range c.Profiles {
		w := &c.Profiles[i]
		if len(w.Blob) > sampleBytes {
			continue
		}
		s.seen = min(s.seen+1, sampleReach)
		if len(s.slots) < sampleSize {
			s.slots = append(s.slots, sampled{shard, w.Profile, bytes.Clone(w.Blob)})
		} else if at := rand.IntN(s.seen); at < sampleSize {
			s.slots[at] = sampled{shard, w.Profile, bytes.Clone(w.Blob)}
		}
	}
}

// Now is the latest stream time of the profiles, ms since 1970 UTC; 0 while
// there are none.
func (s *Sample) Now() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Draw reads the profiles for a rule set, given what it keeps of them and
// its segments' ids by position. What can't be read is left out: the store
// may have lost the names that it was written with.
func (s *Sample) Draw(schema *profile.Schema, segments []string) []*profile.Profile {
	s.mu.Lock()
	slots, names := slices.Clone(s.slots), maps.Clone(s.names)
	s.mu.Unlock() // reading takes longer than a worker should wait
	codecs := map[int]*profile.Codec{}
	list := make([]*profile.Profile, 0, len(slots))
	for _, one := range slots {
		codec := codecs[one.shard]
		if codec == nil {
			codec, _ = profile.NewCodec(schema, segments, names[one.shard])
			codecs[one.shard] = codec
		}
		if p, err := codec.Decode(one.profile, one.blob); err == nil {
			list = append(list, p)
		}
	}
	return list
}
