package demo_test

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/demo"
	"muster/event"
	"muster/pipeline"
)

func TestSameSeedSameTraffic(t *testing.T) {
	a, b, c := demo.NewTraffic(1), demo.NewTraffic(1), demo.NewTraffic(2)
	equal := 0
	for i := range 5000 {
		one, two, other := a.Next(), b.Next(), c.Next()
		if !bytes.Equal(one.Key, two.Key) || !bytes.Equal(one.Value, two.Value) {
			t.Fatalf("record %d differs:\n%s\n%s", i, one.Value, two.Value)
		}
		if bytes.Equal(one.Value, other.Value) {
			equal++
		}
	}
	if equal > 0 {
		t.Errorf("%d records are those of another seed", equal)
	}
}

// TestTrafficIsAShop looks whether the traffic has what the demo promises.
func TestTrafficIsAShop(t *testing.T) {
	traffic, names, profiles := demo.NewTraffic(3), map[string]int{}, map[string]int{}
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	const records = 20_000
	bad, repeats, bare, late, seen, before := 0, 0, 0, 0, map[string]bool{}, int64(0)
	for range records {
		decoder.Reset()
		events, rejected := decoder.Decode(nil, nil, traffic.Next().Value, 0, 0)
		bad += len(rejected)
		for _, ev := range events {
			if ev.Arrival < before {
				t.Fatalf("arrival %d after %d", ev.Arrival, before)
			}
			before = ev.Arrival
			names[strings.Clone(ev.Name)]++
			profiles[strings.Clone(ev.Profile)]++
			switch {
			case ev.MessageID == "":
				bare++
			case seen[ev.MessageID]:
				repeats++
			}
			seen[strings.Clone(ev.MessageID)] = true
			if ev.Arrival-ev.Time > time.Hour.Milliseconds() {
				late++
			}
		}
	}
	for what, n := range map[string]int{
		"bad records": bad, "repeats": repeats, "records without a messageId": bare, "late events": late,
		"identify calls": names[""], event.PageViewed: names[event.PageViewed], "Product Viewed": names["Product Viewed"],
		"Product Added": names["Product Added"], "Order Completed": names["Order Completed"],
	} {
		if n < records/500 {
			t.Errorf("%d %s among %d records", n, what, records)
		}
	}
	most := 0
	for _, n := range profiles {
		most = max(most, n)
	}
	if average := records / len(profiles); most < 5*average || most > 1000 {
		t.Errorf("the most active of %d customers has %d events", len(profiles), most)
	}
	if days := traffic.Now().Sub(time.UnixMilli(1780300800000)).Hours() / 24; days < 60 {
		t.Errorf("the traffic spans %.0f days", days)
	}
}

func TestSparkline(t *testing.T) {
	for want, numbers := range map[string][]int64{
		"": nil, "▁": {5}, "▁▁▁": {7, 7, 7}, "▁▄█": {0, 50, 100}, "█▁": {3, 2}, "▁▂▃▄▅▆▇█": {0, 1, 2, 3, 4, 5, 6, 7},
	} {
		if got := demo.Sparkline(numbers); got != want {
			t.Errorf("%v is drawn as %q, want %q", numbers, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	audiences := []demo.Audience{{ID: "vip", Name: "Spent a lot of money on things nobody needs"}, {ID: "new", Name: "New"}}
	delays := demo.Delays{Median: 3 * time.Millisecond, High: 1234 * time.Millisecond, Delivered: 5 * time.Millisecond}
	counts := demo.Counts{Committed: 10, Dead: 1, Changes: 3, Sent: 2, Retried: 6, Now: time.UnixMilli(0).UTC(),
		Entered: map[string]int{"vip": 2}, Left: map[string]int{"vip": 1}}
	var plain, terminal strings.Builder
	line, page := demo.NewTable(&plain, false), demo.NewTable(&terminal, true)
	line.Audiences, page.Audiences = audiences, audiences
	for size := range int64(3) {
		for _, table := range []*demo.Table{line, page} {
			if err := table.Draw(counts, map[string]int64{"vip": size}, delays, 4); err != nil {
				t.Fatal(err)
			}
		}
	}
	page.Close()
	line.Close()
	if got := strings.Split(plain.String(), "\n"); len(got) != 4 ||
		!strings.HasPrefix(got[2], "1970-01-01 00:00  10 events, 0 a second  latency 3ms (99%: 1.23s)  3 changes  1 dead letters  "+
			"deliveries 2 sent (99%: 5ms)  6 retried  4 waiting") ||
		!strings.HasSuffix(got[2], "  vip=2  new=0") || strings.Contains(plain.String(), "\x1b") {
		t.Errorf("lines:\n%s", plain.String())
	}
	for _, want := range []string{"\x1b[7A", "deliveries 2 sent (99%: 5ms)  6 retried  4 waiting\x1b[K\n", "Spent a lot of money on thi...       2       2       1  ▁▄█", "New  ", "\x1b[?25h"} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("there is no %q in\n%q", want, terminal.String())
		}
	}
}

// TestTableShowsAnEdit: what is looked at because of it, and the new row.
func TestTableShowsAnEdit(t *testing.T) {
	tally := demo.NewTally()
	told := tally.Pipeline(pipeline.Observer{Swept: func(int, pipeline.Sweep) {}})
	var plain, terminal strings.Builder
	line, page := demo.NewTable(&plain, false), demo.NewTable(&terminal, true)
	draw := func(audiences ...demo.Audience) {
		for _, table := range []*demo.Table{line, page} {
			table.Audiences = audiences
			if err := table.Draw(tally.Counts(), map[string]int64{"new": 7}, demo.Delays{}, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	vip, added := demo.Audience{ID: "vip", Name: "VIP"}, demo.Audience{ID: "new", Name: "New"}
	told.Swept(0, pipeline.Sweep{Generation: 1, Done: true})
	told.Swept(1, pipeline.Sweep{Generation: 1, Done: true})
	draw(vip)
	tally.Edited(demo.Edit{Words: "added 1", Generation: 2, Shards: 2})
	draw(vip, added)
	told.Swept(0, pipeline.Sweep{Generation: 2, Profiles: 1000, Looked: 500})
	told.Swept(1, pipeline.Sweep{Generation: 2, Profiles: 1000, Looked: 1000, Done: true})
	draw(vip, added)
	told.Swept(0, pipeline.Sweep{Generation: 2, Profiles: 1000, Looked: 1000, Done: true})
	tally.AwaitSwept(t.Context())
	draw(vip, added)
	draw(vip, added)
	var news []string
	for text := range strings.Lines(plain.String()) {
		if strings.HasPrefix(text, "added") {
			news = append(news, strings.TrimSpace(text))
		} else if len(news) > 0 && !strings.HasSuffix(text, "  vip=0  new=7\n") {
			t.Errorf("after the edit a line is %q", text)
		}
	}
	want := []string{"added 1; profiles are being counted", "added 1; 75 % of 2,000 profiles looked at", "added 1; all 2,000 profiles looked at"}
	if !slices.Equal(news, want) {
		t.Errorf("the lines tell %q, want %q", news, want)
	}
	for _, one := range append(want, "New  ", "\x1b[7A") {
		if !strings.Contains(terminal.String(), one) {
			t.Errorf("there is no %q in\n%q", one, terminal.String())
		}
	}
}

func TestAwaitRoomEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tally := demo.NewTally()
	if !tally.AwaitRoom(ctx, 1, 1) {
		t.Error("there is no room at the start")
	}
	cancel()
	if tally.AwaitRoom(ctx, 0, 0) {
		t.Error("there is room for nothing")
	}
}

func TestServersLeaveNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	servers, err := demo.StartServers()
	if err != nil {
		t.Fatal(err)
	}
	servers.Close()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
