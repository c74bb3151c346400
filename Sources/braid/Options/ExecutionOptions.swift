import ArgumentParser
import Compiler
import Graph
import LoopNest

/// How a network is computed.
struct ExecutionOptions: ParsableArguments {
    @OptionGroup var arithmetic: ArithmeticOptions

    @OptionGroup var machine: TargetOption

    @Flag(help: "Leaves all choices to the cost model as it is known of processors, whatever `braid tune` measured.")
    var untuned = false

    var threadCount: Int { arithmetic.threadCount }

    /// The target on this machine.
    var target: Target { untuned ? machine.here : machine.measuredHere }

    /// Throws where the target's code does not run here: what a command asks first, see `TargetOption.requireRunnable`.
    func requireRunnable() throws(CompilerError) { try machine.requireRunnable() }

    /// A compiler whose code runs on this machine.
    func compiler(_ precision: Precision? = nil) throws(CompilerError) -> Compiler {
        try requireRunnable()
        return compiler(for: target, precision)
    }

    /// A compiler for the plans of any machine.
    func planner(_ precision: Precision?) -> Compiler { compiler(for: untuned ? machine.target : machine.measured, precision) }

    private func compiler(for target: Target, _ precision: Precision?) -> Compiler {
        let compiler = arithmetic.compiler(for: target, precision)
        return untuned ? compiler : compiler.tuned(by: .standard)
    }
}

extension Compiler {
    /// The compiler with what was measured on its target. A file that cannot be used is told of, and does not stop anything.
    func tuned(by store: TuningStore?) -> Compiler {
        guard let store else { return self }
        var tuned = self
        do {
            tuned.tuned = try store.read(for: target).choices(numerics: numerics, threads: threads)
        } catch {
            Console.error("warning: measurements are not used: \(error)\n")
        }
        return tuned
    }
}
