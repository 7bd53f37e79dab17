package service

import "context"

// accompanied has what owns a shard also do some work beside it. The work ends
// when its ctx does, before the shard is given up.
func accompanied(own Owner, work func(ctx context.Context, partition int)) Owner {
	return func(ctx context.Context, partition int) error {
		ctx, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			work(ctx, partition)
		}()
		defer func() {
			stop()
			<-ended
		}()
		return own(ctx, partition)
	}
}
