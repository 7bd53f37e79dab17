package rehearsal

import "testing"

func TestSizing(t *testing.T) {
	f := &Figures{
		Segments: 100, Micros: Micros{Total: 20}, Redis: RedisBytes{Total: 2000},
		PerEvent: PerEvent{Changes: 0.1, Written: 0.5, Loaded: 0.2},
	}
	s := size(f, Deployment{Profiles: 100_000_000, OutboxMax: 1_000_000, ReachDays: 10, FullDays: 1})
	evaluator, redis := serversRecord+serversWrite*0.5+serversLoad*0.2+serversChange*0.1, redisWrite*0.5+redisLoad*0.2+redisChange*0.1
	if s.ServersUS != round(evaluator) || s.RedisUS != round(redis) {
		t.Errorf("an event costs %v and %v us beside the stages, want %v and %v", s.ServersUS, s.RedisUS, evaluator, redis)
	}
	for i, want := range []Need{
		{EventsPerSecond: 1_000, Cores: 1, Shards: 16, RedisNodes: 7},
		{EventsPerSecond: 10_000, Cores: cores(10_000, 20+evaluator), Shards: 16, RedisNodes: 7},
		{EventsPerSecond: 100_000, Cores: cores(100_000, 20+evaluator), Shards: 16, RedisNodes: 7},
		{EventsPerSecond: 1_000_000, Cores: cores(1_000_000, 20+evaluator), Shards: 128, RedisNodes: cores(1_000_000, redis)},
	} {
		want.RedisGB, want.ReachGB = round(200+float64(want.Shards)*0.07), round(100*(3*12_400+12_600+7*370)/1e9)
		if got := s.Rows[i]; got != want {
			t.Errorf("row %d is %+v, want %+v", i, got, want)
		}
	}
}

// TestHalfIsLeftFree: at 10 us an event a core does 100,000 a second, and is
// planned with half of that.
func TestHalfIsLeftFree(t *testing.T) {
	for rate, want := range map[int]int{1: 1, 50_000: 1, 50_001: 2, 1_000_000: 20} {
		if got := cores(rate, 10); got != want {
			t.Errorf("%d events a second take %d cores, want %d", rate, got, want)
		}
	}
}
