package api

import (
	"container/list"
	"sync"
	"time"
)

// streams are those that are open, the oldest first. With one more than there
// may be, the oldest is evicted.
type streams struct {
	most     int
	patience time.Duration // how long a client may take to take some events
	observer *Observer

	mu  sync.Mutex
	all list.List // of *stream
}

// stream is one that is open.
type stream struct {
	evicted chan struct{} // closed when it has to end
	place   *list.Element // nil once it was evicted
}

func newStreams(most int, observer *Observer) *streams {
	return &streams{most: most, patience: eventTimeout, observer: observer}
}

func (s *streams) open() *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &stream{evicted: make(chan struct{})}
	one.place = s.all.PushBack(one)
	for s.all.Len() > s.most {
		oldest := s.all.Remove(s.all.Front()).(*stream)
		oldest.place = nil
		close(oldest.evicted)
	}
	s.observer.streams(s.all.Len())
	return one
}

func (s *streams) close(one *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.place != nil {
		s.all.Remove(one.place)
		one.place = nil
		s.observer.streams(s.all.Len())
	}
}
