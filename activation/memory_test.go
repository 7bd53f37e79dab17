package activation

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// memory is an outbox and a ledger in memory.
type memory struct {
	mu sync.Mutex

	changes []Change
	read    int // of the changes, however often
	kept    int // of the changes, the newest; 0 for all
	dropped int // of the changes, the oldest

	standing Standing
	wait     map[int64][]byte
	due      map[int64]int64
	held     map[string][]int64
	dead     [][]byte
	log      [][]byte
	counts   map[string]int64
	saves    int

	breaks func() error // what befalls the next Save; the step is stored when it is errLateBreak

	past []kept // before each Save, the newest last; at most pastKept
	step int    // steps that are stored
	seen int    // steps that who claimed last knows of
}

// kept is what a memory had stored at some time.
type kept struct {
	standing  Standing
	wait      map[int64][]byte
	due       map[int64]int64
	held      map[string][]int64
	dead, log [][]byte
	counts    map[string]int64
	step      int
}

// pastKept is how many steps can be lost.
const pastKept = 8

// remember keeps what is stored.
func (m *memory) remember() {
	m.past = append(m.past, kept{
		standing: m.standing, wait: maps.Clone(m.wait), due: maps.Clone(m.due), held: maps.Clone(m.held), dead: slices.Clone(m.dead),
		log: slices.Clone(m.log), counts: maps.Clone(m.counts), step: m.step,
	})
	m.past = m.past[max(0, len(m.past)-pastKept):]
}

// lose takes the newest steps away, as a Redis that comes back older does.
func (m *memory) lose(steps int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if steps = min(steps, len(m.past)); steps == 0 {
		return
	}
	at := len(m.past) - steps
	old := m.past[at]
	m.standing, m.wait, m.due, m.held, m.dead, m.log, m.counts, m.step = old.standing, old.wait, old.due, old.held, old.dead, old.log, old.counts, old.step
	m.past = m.past[:at]
}

var (
	errBreak     = errors.New("the connection broke")
	errLateBreak = errors.New("the connection broke behind the command")
)

func newMemory() *memory {
	return &memory{
		wait: map[int64][]byte{}, due: map[int64]int64{}, held: map[string][]int64{}, counts: map[string]int64{},
		breaks: func() error { return nil },
	}
}

func (m *memory) add(profile, segment string, entered bool, version uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(len(m.changes) + 1)
	m.changes = append(m.changes, Change{
		Entry: strconv.FormatInt(n, 10), Number: n, Profile: profile, Segment: segment, Entered: entered, Version: version,
	})
}

func (m *memory) Changes(_ context.Context, behind string, most int) ([]Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _ := strconv.Atoi(behind)
	n = max(n, m.dropped)
	if m.kept > 0 {
		n = max(n, len(m.changes)-m.kept)
	}
	out := slices.Clone(m.changes[n:min(n+most, len(m.changes))])
	m.read += len(out)
	return out, nil
}

func (m *memory) Claim(context.Context) (Standing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.standing
	s.Waiting = int64(len(m.wait))
	m.seen = m.step
	return s, nil
}

func (m *memory) Find(_ context.Context, q Question) (Found, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen != m.step {
		return Found{}, ErrTaken
	}
	numbers := slices.SortedFunc(maps.Keys(m.due), func(a, b int64) int { return cmp.Or(cmp.Compare(m.due[a], m.due[b]), cmp.Compare(a, b)) })
	found := Found{Held: map[string][]int64{}, Behind: map[string][]Waiting{}, Waiting: int64(len(m.wait))}
	for _, n := range numbers {
		if m.due[n] <= q.Due && len(found.Due) < q.Most {
			found.Due = append(found.Due, Waiting{n, m.wait[n]})
		}
	}
	for _, n := range q.Numbers {
		if text, ok := m.wait[n]; ok {
			found.Numbered = append(found.Numbered, Waiting{n, text})
		}
	}
	left := q.Behind
	for _, id := range q.Profiles {
		list := m.held[id]
		if len(list) == 0 {
			continue
		}
		found.Held[id] = list
		for _, n := range list[len(list)-min(len(list)-1, left):] {
			found.Behind[id] = append(found.Behind[id], Waiting{n, m.wait[n]})
			left--
		}
	}
	return found, nil
}

func (m *memory) Save(_ context.Context, s Step) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.breaks()
	if errors.Is(err, errBreak) {
		return err
	}
	if m.seen != m.step {
		return ErrTaken
	}
	m.remember()
	m.step, m.seen = m.step+1, m.seen+1
	m.saves++
	shown := m.standing.Breaker
	m.standing = s.Standing
	if m.standing.Breaker = shown; s.Breaker != nil {
		m.standing.Breaker = *s.Breaker
	}
	for n, text := range s.Wait {
		if text == nil {
			delete(m.wait, n)
			delete(m.due, n)
		} else {
			m.wait[n] = text
		}
	}
	for n, at := range s.Due {
		if m.due[n] = at; at == 0 {
			delete(m.due, n)
		}
	}
	for id, list := range s.Held {
		if len(list) == 0 {
			delete(m.held, id)
		} else {
			m.held[id] = list
		}
	}
	m.dead = append(m.dead, s.Dead...)
	m.log = append(m.log, s.Log...)
	for name, n := range s.Add {
		m.counts[name] += n
	}
	return err
}
