package redis

import (
	"context"
	"fmt"
	"sync"
	"testing"

	client "github.com/redis/go-redis/v9"
)

// Dump returns everything the server holds, as readable text by key, so that
// a test can tell that nothing at all has changed.
func Dump(t testing.TB, c client.UniversalClient) map[string]string {
	t.Helper()
	ctx := context.Background()
	dump := map[string]string{}
	for _, key := range keys(ctx, t, c) {
		text, err := show(ctx, c, key)
		if err != nil {
			t.Fatalf("dumping %q: %v", key, err)
		}
		dump[key] = text
	}
	return dump
}

func keys(ctx context.Context, t testing.TB, c client.UniversalClient) []string {
	t.Helper()
	var found []string
	scan := func(ctx context.Context, node *client.Client) error {
		iterator := node.Scan(ctx, 0, "*", 1000).Iterator()
		for iterator.Next(ctx) {
			found = append(found, iterator.Val())
		}
		return iterator.Err()
	}
	var err error
	switch c := c.(type) {
	case *client.ClusterClient:
		// One master after the other: ForEachMaster runs in parallel.
		var nodes []*client.Client
		o := c.Options()
		for _, address := range masterAddresses(ctx, t, c) {
			nodes = append(nodes, client.NewClient(&client.Options{
				Addr: address, TLSConfig: o.TLSConfig, Username: o.Username, Password: o.Password,
			}))
		}
		for _, node := range nodes {
			if scanned := scan(ctx, node); scanned != nil {
				err = scanned
			}
			_ = node.Close()
		}
	case *client.Client:
		err = scan(ctx, c)
	}
	if err != nil {
		t.Fatalf("listing keys: %v", err)
	}
	return found
}

func masterAddresses(ctx context.Context, t testing.TB, c *client.ClusterClient) []string {
	t.Helper()
	var mu sync.Mutex
	var addresses []string
	err := c.ForEachMaster(ctx, func(_ context.Context, master *client.Client) error {
		mu.Lock()
		defer mu.Unlock()
		addresses = append(addresses, master.Options().Addr)
		return nil
	})
	if err != nil {
		t.Fatalf("listing masters: %v", err)
	}
	return addresses
}

// show renders one key. Maps print in the order of their keys.
func show(ctx context.Context, c client.UniversalClient, key string) (string, error) {
	kind, err := c.Type(ctx, key).Result()
	if err != nil {
		return "", err
	}
	var value any
	switch kind {
	case "string":
		value, err = c.Get(ctx, key).Result()
	case "hash":
		value, err = c.HGetAll(ctx, key).Result()
	case "list":
		value, err = c.LRange(ctx, key, 0, -1).Result()
	case "set":
		value, err = c.SMembersMap(ctx, key).Result()
	case "zset":
		value, err = c.ZRangeWithScores(ctx, key, 0, -1).Result()
	case "stream":
		value, err = c.XRange(ctx, key, "-", "+").Result()
	case "none", "hll":
		value = ""
	default:
		return "", fmt.Errorf("a key of unknown type %q", kind)
	}
	return fmt.Sprintf("%s %#v", kind, value), err
}
