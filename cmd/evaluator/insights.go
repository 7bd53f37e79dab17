package main

// insightsCommand is what asks many customers at once.
type insightsCommand struct {
	Reach insightsReachCommand `cmd:"" help:"Tell how many different customers had events, by what the events say, from a cube."`
}
