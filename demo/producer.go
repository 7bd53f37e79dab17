package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// burst is how many records are produced at a time.
	burst = 500
	// tick is how often a paced producer produces.
	tick = 20 * time.Millisecond
	// maxWaiting bounds the records that are produced and not yet committed.
	maxWaiting = 20_000
)

// Producer puts traffic on the shop's topic.
type Producer struct {
	Traffic *Traffic
	Tally   *Tally
	Broker  string // host:port
	Events  int    // how many; 0 for no end
	Rate    int    // a second; 0 for as fast as they are committed
	Unsent  int    // changes at which it waits for the receiver, so that no outbox drops any; 0 for any number
}

// Run produces until everything is produced or ctx ends.
func (p *Producer) Run(ctx context.Context) error {
	client := &kafka.Client{Addr: kafka.TCP(p.Broker), Transport: &kafka.Transport{}}
	began := time.Now()
	for sent := 0; p.Events == 0 || sent < p.Events; {
		count := burst
		if p.Rate > 0 {
			if !pause(ctx, tick) {
				return nil
			}
			count = min(burst, int(time.Since(began).Seconds()*float64(p.Rate))-sent)
		}
		if p.Events > 0 {
			count = min(count, p.Events-sent)
		}
		if count <= 0 {
			continue
		}
		if !p.Tally.AwaitRoom(ctx, maxWaiting, p.Unsent) {
			return nil
		}
		if err := p.send(ctx, client, count); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		sent += count
	}
	return nil
}

// pause waits, and reports false when ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (p *Producer) send(ctx context.Context, client *kafka.Client, count int) error {
	records := make([]kafka.Record, count)
	for i := range records {
		one := p.Traffic.Next()
		records[i] = kafka.Record{Key: kafka.NewBytes(one.Key), Value: kafka.NewBytes(one.Value), Time: time.Now()}
	}
	p.Tally.produced(count, p.Traffic.Now())
	res, err := client.Produce(ctx, &kafka.ProduceRequest{
		Topic: Topic, Partition: 0, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("producing %d records: %w", count, err)
	}
	return nil
}
