package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/images/catalog"
	"drydock/final/networks"
)

func completionCommand(c *call) *cobra.Command {
	shells := []string{"bash", "fish", "zsh"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Generate the autocompletion script for the specified shell", Args: exactly(1), ValidArgs: shells,
		Long: "Generate the autocompletion script for bash, zsh or fish:\n\n" +
			"  drydock completion bash >/etc/bash_completion.d/drydock\n" +
			"  drydock completion zsh >/usr/share/zsh/vendor-completions/_drydock\n" +
			"  drydock completion fish >/usr/share/fish/vendor_completions.d/drydock.fish",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(c.stdout, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(c.stdout)
			case "fish":
				return cmd.Root().GenFishCompletion(c.stdout, true)
			}
			return fmt.Errorf("unknown shell %s: there are %s", args[0], strings.Join(shells, ", "))
		},
	}
}

// A lister lists the names of one kind of thing.
type lister func(*engine.Engine) []string

// kinds are whose names follow a command: those of its first word, its second and so on, and the last for all further ones.
var kinds = map[string][]lister{
	"attach": {containerNames, nothing}, "commit": {containerNames, nothing}, "diff": {containerNames, nothing}, "exec": {containerNames, nothing},
	"export": {containerNames, nothing}, "inspect": {containerNames}, "kill": {containerNames}, "logs": {containerNames, nothing}, "pause": {containerNames},
	"port": {containerNames, nothing}, "rename": {containerNames, nothing}, "restart": {containerNames}, "rm": {containerNames}, "start": {containerNames},
	"stats": {containerNames}, "stop": {containerNames}, "top": {containerNames, nothing}, "unpause": {containerNames}, "update": {containerNames}, "wait": {containerNames},
	"create": {imageNames, nothing}, "history": {imageNames, nothing}, "push": {imageNames, nothing}, "rmi": {imageNames}, "run": {imageNames, nothing},
	"save": {imageNames}, "tag": {imageNames, nothing}, "image inspect": {imageNames}, "image rm": {imageNames},
	"volume inspect": {volumeNames}, "volume rm": {volumeNames},
	"network connect": {networkNames, containerNames, nothing}, "network disconnect": {networkNames, containerNames, nothing},
	"network inspect": {networkNames}, "network rm": {networkNames},
}

// completes has commands complete the names of what they are about.
func (c *call) completes(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		c.completes(below)
	}
	words := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	list, known := kinds[words]
	if !known {
		list, known = kinds[strings.TrimPrefix(strings.TrimPrefix(words, "container "), "image ")]
	}
	if !known || words == "volume create" || words == "network create" {
		return
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		names := list[min(len(args), len(list)-1)]
		e, err := engine.Open(c.root, c.config, func(string) {}) // who completes a word wants no notes
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		left := slices.DeleteFunc(names(e), func(name string) bool { return slices.Contains(args, name) })
		return left, cobra.ShellCompDirectiveNoFileComp
	}
}

func nothing(*engine.Engine) []string { return nil }

func containerNames(e *engine.Engine) (names []string) {
	all, _ := e.Containers.List() // those that can be read
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

func imageNames(e *engine.Engine) (names []string) {
	all, _ := catalog.Read(e.Images) // those that can be read
	for _, img := range all {
		names = append(names, img.Tags...)
	}
	return names
}

func volumeNames(e *engine.Engine) (names []string) {
	all, _ := e.Volumes.List() // those that can be read
	for _, v := range all {
		names = append(names, v.Name)
	}
	return names
}

func networkNames(e *engine.Engine) (names []string) {
	all, _ := networks.List(e.Root) // those that can be read
	for _, n := range all {
		names = append(names, n.Name)
	}
	return names
}
