package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// What evaluators count for a cube, also those that are killed meanwhile, the
// command tells as it was: each event once.
func TestCubesCountWhatHappened(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Wall: true, Segments: "segments:\n" +
			"  - {id: german, rule: 'traits.country == \"DE\"'}\n" +
			"cubes:\n" +
			"  - {id: ads, events: Ad Viewed, dimensions: [.site, traits.country], clicks: count(.clicked)}\n"})
		s.Init()
		record := func(id, text string) *kgo.Record {
			return &kgo.Record{Topic: s.Keyed, Partition: int32(s.Owner(id)), Timestamp: time.Now(), Key: []byte(id), Value: []byte(text)}
		}
		const profiles, rounds = 60, 6
		first := s.Run()
		for round := range rounds {
			var records []*kgo.Record
			for i := range profiles {
				id := fmt.Sprint("u", i)
				if round == 0 && i%2 == 0 {
					records = append(records, record(id, fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"country":"DE"}}`, id)))
				}
				records = append(records, record(id, fmt.Sprintf(`{"type":"track","event":"Ad Viewed","userId":%q,"messageId":"m%d-%d","properties":{"site":"site%d","clicked":%t}}`,
					id, round, i, i%3, round == 1)))
			}
			s.Produce(records...)
			if round == rounds/2 {
				first.Kill()
				s.Run()
			}
		}
		var a struct {
			Rows []struct {
				Customers, Events int
				Measures          struct{ Clicks int }
				Values            struct{ Site string }
			}
		}
		s.Await("every view to be counted", stack.Patience, func() error {
			out, err := s.Insights("reach", "ads", "--where", `country == "DE" and site != "site1"`, "--by", "site", "--json")
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			a.Rows = nil
			if err := json.Unmarshal([]byte(out), &a); err != nil {
				return err
			}
			for _, row := range a.Rows {
				if row.Customers != 10 || row.Events != 10*rounds || row.Measures.Clicks != 10 {
					return fmt.Errorf("the answer is %s", out)
				}
			}
			if len(a.Rows) != 2 {
				return fmt.Errorf("the answer is %s", out)
			}
			return nil
		})
	})
}
