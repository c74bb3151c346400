import Analysis
import ArgumentParser
import Compiler
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

            Nothing is trained, run or compiled: how large activations and gradients will be when training begins is predicted from the graph and
            its initializers. Each finding says why, where, how much, and what to write instead. Of a file with several networks all are looked
            at, with the defaults of their parameters and what their training gives them.

            Exit status 0, also with findings; with --strict 1 where there is a warning; 1 where a file has errors, which `braid check` tells.
            """)

    @Argument(
        help: ArgumentHelp("Files of the language; FILE:NAME picks one of several networks.", valueName: "file"),
        completion: .file(extensions: ["braid"]))
    var files: [String] = []

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("Leaves out a rule; may be given repeatedly.", valueName: "rule"))
    var except: [String] = []

    @Flag(help: "Ends with status 1 where there is a warning.")
    var strict = false

    @Flag(help: "Lists the rules.")
    var rules = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if files.isEmpty, !rules { throw ValidationError("name a file to look at") }
        for name in except where !LintRule.all.contains(where: { $0.name == name }) {
            let nearest = Spelling.nearest(to: name, in: LintRule.all.map(\.name))
            throw ValidationError(
                "there is no rule '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ": `braid lint --rules` lists them"))
        }
    }

    func run() throws {
        StandardOutput.outlivesItsReader()
        if rules { return listRules() }
        var results: [LintRecord.File] = []
        var isWrong = false
        for file in files {
            do throws(CompilerError) {
                let outcome = try look(at: file)
                let (findings, sources) = (outcome.findings, outcome.sources)
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
        let record = LintRecord(files: results)
        if json { Console.printJSON(record) }
        if isWrong || strict && record.warnings > 0 { throw ExitCode(1) }
    }

    private func look(at file: String) throws(CompilerError) -> LintOutcome {
        let excluded = Set(except)
        if choice.isMade || !file.hasSuffix(".braid") {
            let network = try choice.network(of: file)
            var outcome = LintOutcome(sources: network.sources)
            outcome.add(try network.lintSubject(), except: excluded)
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
                outcome.add(try Network.load(file, name: name).lintSubject(), except: excluded)
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
