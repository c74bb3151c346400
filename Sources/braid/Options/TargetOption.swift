import ArgumentParser
import Compiler
import Foundation
import LoopNest
import Machine

/// The machine that code is made for: what `--target` says, else the environment, else this machine.
struct TargetOption: ParsableArguments {
    @Option(name: .customLong("target"), help: Self.help, transform: { try TargetOption.named($0, by: "--target") })
    private var chosen: Target?

    static let variable = "BRAID_TARGET"

    private static let help = ArgumentHelp(
        "The machine to compile for: host (this one), \(Target.presets.map(\.name).joined(separator: ", ")); without some of its units, "
            + "for comparison, with \(Target.Restriction.allCases.map { ",\($0.rawValue)" }.joined(separator: " or ")) behind it, such as "
            + "host,no-tiles (default: $\(variable), else host).",
        valueName: "target")

    func validate() throws { if chosen == nil { _ = try Self.environment.get() } }

    /// Whether the command line names one.
    var isChosen: Bool { chosen != nil }

    /// The target as it is described everywhere, for texts that are the same on all machines.
    var target: Target { chosen ?? Self.standard }

    /// The target on this machine: what is computed, measured and tuned here is cut for the caches and cores that there are.
    var here: Target { target.on(.host) }

    /// The same, with what `braid tune --machine` measured of this machine.
    var measuredHere: Target { target.on(Self.measuredHost) }

    /// The target whose plans are made for a machine that may be another: a preset as it is described everywhere, this one as it was
    /// measured.
    var measured: Target {
        let machine = target.name.prefix { $0 != "," }
        return Target.preset(named: String(machine)) == nil ? measuredHere : target
    }

    /// This machine with what was measured of it. A file that cannot be used is told of, once, and does not stop anything.
    static let measuredHost: Target = {
        do {
            return .host.measured(try TuningStore.standard?.readMeasurement(for: .host))
        } catch {
            Console.error("warning: what was measured of this machine is not used: \(error)\n")
            return .host
        }
    }()

    /// The target where no option names one.
    static var standard: Target { (try? environment.get()) ?? .host }

    /// What the environment names, if anything.
    static let environment = Result<Target?, any Error> {
        guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else { return nil }
        return try named(text, by: variable)
    }

    /// The target that a text names; `source` says in messages where it stands.
    static func named(_ text: String, by source: String) throws -> Target {
        do {
            return try Target.named(text, host: .host)
        } catch {
            throw ValidationError("\(source): \(error)")
        }
    }

    /// Throws where this machine has not all units of the target. Commands that compute ask before they write anything, and before they
    /// make threads, which may use tiles only if the system was asked for them first (`Target.host`).
    func requireRunnable() throws(CompilerError) { try Self.requireRunnable(target) }

    static func requireRunnable(_ target: Target) throws(CompilerError) {
        let missing = Target.host.missingUnits(for: target)
        guard !missing.isEmpty else { return }
        let runnable = ["host"] + Target.presets.filter(Target.host.canRun).map(\.name)
        throw CompilerError(
            "code for \(target.name) needs \(missing.joined(separator: ", ")), which this machine has not",
            help: "name a --target that runs here: \(runnable.joined(separator: ", ")); `braid dump` prints code for all")
    }
}
