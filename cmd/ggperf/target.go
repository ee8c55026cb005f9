package main

import (
	"context"
	"errors"

	"ggsh/kafkaclient"
	"ggsh/loadgen"
	"ggsh/props"
)

// open makes the target that the command line names.
func open(ctx context.Context, files *loadgen.Files, topic, properties string) (
	loadgen.Target, error) {
	if files.Form != loadgen.CSV && files.Form != loadgen.JSON || (files.Dir == "") == (topic == "") {
		return nil, errors.New("give -dir or -topic with -properties, and -format csv or json")
	}
	if topic == "" {
		return files, nil
	}
	file, err := props.LoadProducer(properties, props.Options{Home: "."})
	if err != nil {
		return nil, err
	}
	cfg, err := kafkaclient.New(kafkaclient.Settings(file), kafkaclient.Options{
		Role: kafkaclient.Producer, ClientID: "ggperf"})
	if err != nil {
		return nil, err
	}
	return loadgen.NewTopic(ctx, cfg, topic)
}
