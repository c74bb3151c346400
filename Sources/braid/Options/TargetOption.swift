import ArgumentParser
import LoopNest
import Machine

/// The machine that code is made for.
struct TargetOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The machine to compile for: host, \(Target.presets.map(\.name).joined(separator: ", ")).", valueName: "target"),
        transform: TargetOption.named)
    var target: Target = .host

    private static func named(_ name: String) throws -> Target {
        if name == "host" { return .host }
        if let target = Target.preset(named: name) { return target }
        throw ValidationError("there is no target '\(name)'; there are host, \(Target.presets.map(\.name).joined(separator: ", "))")
    }
}
