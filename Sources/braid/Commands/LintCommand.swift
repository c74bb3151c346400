import Analysis
import ArgumentParser
import Compiler
import Interchange
import Language
import Source

struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Finds what networks do that is allowed, and seldom meant: gradients that vanish, wrong gains, lost pixels.",
        discussion: """
            EXAMPLES
              braid lint net.braid
              braid lint graphs/resnet.braid:plain34
              braid lint graphs/*.braid --strict
              braid lint net.braid --except bias_before_batchnorm --json
              braid lint --rules
              braid lint graphs/resnet.braid:plain34 graphs/resnet.braid:resnet34 --plot gradients.svg

            Nothing is trained, run or compiled: how large activations and gradients will be when training begins is predicted from the graph and
            its initializers. Each finding says why, where, how much, and what to write instead. Of a file with several networks all are looked
            at, with the defaults of their parameters and what their training gives them.

            --plot draws the norm of the gradient of every layer's weights from the input to the loss, as it is predicted, a line a network; of layers
            side by side their geometric mean. --measured adds dots, what a training with `--watch gradients` had in its first step.

            Exit status 0, also with findings; with --strict 1 where there is a warning; 1 where a file has errors, which `braid check` tells.
            """)

    @Argument(
        help: ArgumentHelp("Files of the language; FILE:NAME picks one of several networks.", valueName: "file"),
        completion: .file(extensions: ["braid"]))
    var files: [String] = []

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("Leaves out a rule; may be given repeatedly.", valueName: "rule"))
    var except: [String] = []

    @Option(
        help: ArgumentHelp(
            "Draws the predicted gradients of all layers, a line a network; a path that ends in .svg or .png.", valueName: "path"))
    var plot: String?

    @Option(
        help: ArgumentHelp(
            "With --plot: a training of one of the networks that had `--watch gradients`, named as for `braid runs`, whose gradients of the "
                + "first step are drawn as dots; may be given repeatedly.", valueName: "training"))
    var measured: [String] = []

    @Flag(help: "Ends with status 1 where there is a warning.")
    var strict = false

    @Flag(help: "Lists the rules.")
    var rules = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if files.isEmpty, !rules { throw ValidationError("name a file to look at") }
        if let ending = plot?.lowercased(), !ending.hasSuffix(".svg"), !ending.hasSuffix(".png") {
            throw ValidationError("--plot takes a path that ends in .svg or .png, not '\(plot ?? "")'")
        }
        if plot == nil, !measured.isEmpty { throw ValidationError("--measured needs --plot, which it is drawn in") }
        for name in except where !LintRule.all.contains(where: { $0.name == name }) {
            let nearest = Spelling.nearest(to: name, in: LintRule.all.map(\.name))
            throw ValidationError(
                "there is no rule '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ": `braid lint --rules` lists them"))
        }
    }

    func run() throws {
        StandardOutput.outlivesItsReader()
        if rules { return listRules() }
        if let plot { try OutputPath.requireWritable(plot, besides: files + measured) }
        var networks: [LintOutcome.Network] = []
        var results: [LintRecord.File] = []
        var isWrong = false
        for file in files {
            do throws(CompilerError) {
                let outcome = try look(at: file)
                let (findings, sources) = (outcome.findings, outcome.sources)
                networks += outcome.networks
                results.append(LintRecord.File(file, outcome))
                if json { continue }
                if !findings.isEmpty {
                    // The rule stands where it can be copied for `--except`.
                    let named = findings.map { finding in
                        var diagnostic = finding.diagnostic
                        diagnostic.notes.append("rule `\(finding.rule)`")
                        return diagnostic
                    }
                    Console.error(DiagnosticRenderer(sources, usesColor: Console.errorUsesColor).render(named) + "\n")
                }
                print("\(file): \(LintRecord.summary(findings.map(\.diagnostic)))")
                for (network, reason) in outcome.omitted { print("    \(network) was not looked at: \(reason)") }
                for text in outcome.assumptions { print("    for granted: \(text)") }
            } catch {
                isWrong = true
                Console.error(error.text(usesColor: Console.errorUsesColor))
                results.append(LintRecord.File(file, error))
            }
        }
        if !isWrong { try draw(networks) }
        let record = LintRecord(files: results, drawing: isWrong ? nil : plot)
        if json { Console.printJSON(record) }
        if isWrong || strict && record.warnings > 0 { throw ExitCode(1) }
    }

    /// Writes the picture that was asked for.
    private func draw(_ networks: [LintOutcome.Network]) throws {
        guard let path = plot else { return }
        var picture = GradientPlot(networks)
        guard !picture.networks.isEmpty else {
            throw CompilerError(
                "no layer of these networks is trained, so that there is nothing to draw",
                help: "give one of them a `training of` definition")
        }
        for name in measured { try picture.add(trainingNamed: name) }
        try picture.plot.write(to: path)
        if !json { print("wrote \(path): the gradients of \(picture.networks.map(\.name).joined(separator: ", "))") }
    }

    private func look(at file: String) throws(CompilerError) -> LintOutcome {
        let excluded = Set(except)
        if choice.isMade || !file.hasSuffix(".braid") {
            let network = try choice.network(of: file)
            var outcome = LintOutcome(sources: network.sources)
            outcome.add(try network.lintSubject(), named: network.name, except: excluded)
            return outcome
        }
        let program = try Network.program(file)
        let mistakes = program.check()
        if mistakes.hasErrors { throw CompilerError(mistakes, program.map) }
        var outcome = LintOutcome(sources: program.map)
        for syntax in program.networks {
            let name = syntax.name.text
            guard syntax.parameters.allSatisfy({ $0.defaultValue != nil }) else {
                outcome.omitted.append((name, "a parameter has no default; give it with --network \(name) -D …"))
                continue
            }
            do throws(CompilerError) {
                outcome.add(try Network.load(file, name: name).lintSubject(), named: name, except: excluded)
            } catch {
                outcome.omitted.append((name, error.diagnostics.first?.message ?? "it has errors"))
            }
        }
        return outcome
    }

    private func listRules() {
        if json { return Console.printJSON(LintRule.all.map(LintRecord.Rule.init)) }
        for rule in LintRule.all {
            print("\(rule.name)\n    \(rule.summary)" + (rule.source.isEmpty ? "" : "\n    \(rule.source)"))
        }
    }
}
