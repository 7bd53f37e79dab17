package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// An operator allows each gap by hand, so their list needs no bound.

func formatGap(g pipeline.Gap) string { return fmt.Sprintf("%d %d", g.From, g.To) }

func readGaps(ctx context.Context, c redis.Cmdable, key string) ([]pipeline.Gap, error) {
	texts, err := c.LRange(ctx, key, 0, -1).Result()
	if err != nil {
		return nil, err
	}
	var gaps []pipeline.Gap
	for _, text := range texts {
		var g pipeline.Gap
		if _, err := fmt.Sscanf(text, "%d %d", &g.From, &g.To); err != nil {
			return nil, final("%s holds %q, which is not two offsets: %w", key, text, err)
		}
		gaps = append(gaps, g)
	}
	return gaps, nil
}
