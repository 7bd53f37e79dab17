package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// inspect checks every master, and the deployment if there is one already,
// whose layout is the store's from then on.
func (s *Store) inspect(ctx context.Context) error {
	err := s.retry(ctx, "connecting", func(ctx context.Context) error {
		if cluster, ok := s.client.(*redis.ClusterClient); ok {
			return inspectMasters(ctx, cluster)
		}
		return inspectServer(ctx, s.client, s.cfg.cluster())
	})
	if err != nil {
		return fmt.Errorf("connecting to redis at %s: %w", strings.Join(s.cfg.Addresses, ", "), err)
	}
	l, err := s.deployment(ctx)
	if err != nil && !errors.Is(err, ErrNotInitialised) {
		return err
	}
	s.keys.layout = max(1, l.Current.Number)
	return nil
}

func inspectMasters(ctx context.Context, cluster *redis.ClusterClient) error {
	var mu sync.Mutex
	var problems []error
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		if err := inspectServer(ctx, node, true); err != nil {
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, fmt.Errorf("%s: %w", node.Options().Addr, err))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(problems...)
}

// inspectServer reads INFO, as CONFIG GET is forbidden by most providers.
func inspectServer(ctx context.Context, node redis.Cmdable, cluster bool) error {
	text, err := node.Info(ctx).Result()
	if err != nil {
		return fmt.Errorf("reading INFO: %w", err)
	}
	info := parseInfo(text)
	if info["cluster_enabled"] == "1" && !cluster {
		return final("this is a node of a Redis Cluster: set `cluster: true`")
	}
	if limit := info["maxmemory"]; limit == "" || limit == "0" {
		return nil
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		return final("maxmemory-policy is %s: run `CONFIG SET maxmemory-policy noeviction`, "+
			"and set it in redis.conf too: %w", policy, ErrEvicts)
	}
	return nil
}

func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}
