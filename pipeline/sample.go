package pipeline

import (
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"

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
// stored form and is safe for concurrent use. A worker waits for another one
// only when it has something to put in, which of a full Sample is one write
// in 64.
type Sample struct {
	seen atomic.Int64 // writes offered

	mu    sync.Mutex
	slots [sampleSize]sampled // those without a blob are free
	now   int64
	names map[int][]string // by shard, the newest; it only grows, so older blobs can be read with it
}

// sampled is one profile as it was stored. It is never changed.
type sampled struct {
	shard   int
	profile string
	blob    string
}

// taken is a profile that is given a slot of the Sample.
type taken struct {
	slot int64
	sampled
}

// NewSample returns an empty Sample.
func NewSample() *Sample { return &Sample{names: map[int][]string{}} }

// offer lets every profile of a stored commit take its chance. names are the
// shard's, those of the commit included.
func (s *Sample) offer(shard int, names []string, c *Commit) {
	var chosen []taken
	for i := range c.Profiles {
		w := &c.Profiles[i]
		if w.Gone {
			s.forget(w.Profile)
			continue
		}
		if len(w.Blob)+len(w.Tail) > sampleBytes {
			continue
		}
		slot := s.seen.Add(1) - 1
		if slot >= sampleSize {
			slot = rand.Int64N(min(slot+1, sampleReach))
		}
		if slot < sampleSize {
			chosen = append(chosen, taken{slot, sampled{shard, w.Profile, w.Whole()}})
		}
	}
	if len(chosen) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(s.now, c.Clock)
	s.names[shard] = names
	for _, one := range chosen {
		s.slots[one.slot] = one.sampled
	}
}

// forget frees the places of a profile that was erased.
func (s *Sample) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		if s.slots[i].profile == id {
			s.slots[i] = sampled{}
		}
	}
}

// Now is the latest stream time at which profiles were put in, ms since 1970
// UTC; 0 while there are none.
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
	slots, names := s.slots, maps.Clone(s.names)
	s.mu.Unlock() // reading takes longer than a worker should wait
	codecs := map[int]*profile.Codec{}
	list := make([]*profile.Profile, 0, len(slots))
	for _, one := range slots {
		if one.blob == "" {
			continue
		}
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
