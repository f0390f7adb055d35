package wardlet

import (
	exportPlugin "wardlet/bindings/export_wardlet_plugin_plugin"
	types "wardlet/bindings/wit/types"

	plugin "wardlet/bindings/wardlet_plugin_plugin"

	// The functions that the host calls.
	_ "wardlet/bindings/wit_exports"
)

// export makes a plugin the one that the host asks for its declaration.
func export(p Plugin) {
	exportPlugin.Describe = p.Describe
	exportPlugin.Configure = func() types.Result[types.Unit, []plugin.SettingFault] {
		faults := p.Configure()
		if len(faults) == 0 {
			return types.Ok[types.Unit, []plugin.SettingFault](types.Unit{})
		}
		told := make([]plugin.SettingFault, len(faults))
		for i, fault := range faults {
			told[i] = plugin.SettingFault(fault)
		}
		return types.Err[types.Unit](told)
	}
}
