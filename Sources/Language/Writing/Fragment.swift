/// A part of an expression that is still being written: a value and the steps that it has gone through.
///
/// A class, since pipelines grow by a step at a time.
final class Fragment {
    struct Step {
        var text: String
        /// Whether lines may begin with it.
        var beginsPhrase: Bool
        /// Whether what follows it may stand in the next line: it is a call of a block, and no layer that others belong to.
        var isWhole = false
        /// The first part of its label: what belongs together stands in one line.
        var group: String
    }

    var head: String
    var precedence: Term.Precedence
    var steps: [Step] = []
    /// The label of the last step that has one and lines may begin with.
    var label: [String] = []
    /// What the value is, where no label says it.
    var noun: String
    /// Whether it is a choice, which gets a name wherever it is used.
    var isStatement = false
    /// Whether the last step is an activation.
    var endsWithFunction = false
    /// How many expressions lie in one another.
    var depth: Int

    init(_ head: String, _ precedence: Term.Precedence, noun: String = "features", depth: Int = 0) {
        self.head = head
        self.precedence = precedence
        self.noun = noun
        self.depth = depth
    }

    /// All of it in one line.
    var text: String { ([head] + steps.map(\.text)).joined(separator: " |> ") }

    var width: Int { steps.reduce(head.count) { $0 + $1.text.count + 4 } }

    /// The text with line breaks where it is long.
    ///
    /// - Parameters:
    ///   - front: what stands before it in its line.
    ///   - indentation: how many blanks the formatter puts before its further lines.
    func laidOut(front: String, indentation: Int) -> String {
        let isBroken = head.contains("\n")
        let start = (front.split(separator: "\n").last ?? "").count + indentation
        if steps.isEmpty || !isBroken && start + width <= Self.lineWidth && steps.count <= Self.stepsInLine { return front + text }
        let last = isBroken ? head.split(separator: "\n").last.map { $0.count } ?? 0 : start + head.count
        // A few short steps behind a call of several lines stay with it.
        if isBroken, last + width - head.count <= Self.lineWidth, steps.count <= Self.stepsInLine { return front + text }
        var lines: [String] = []
        var line: [String] = []
        var width = 0
        var group = ""
        var beginsPhrase = true
        for phrase in phrases {
            guard let first = phrase.first else { continue }
            let own = first.group
            // What normalizes and activates a layer stays in its line.
            let core = phrase.prefix(first.isWhole ? 1 : 3).reduce(0) { $0 + $1.text.count + 4 }
            let isWide = indentation + 4 + width + core > Self.lineWidth
            // What only ends a line that was too long goes on with the next layer.
            let isRest = !beginsPhrase && !first.isWhole
            if !line.isEmpty, isWide || first.beginsPhrase && own != group && !isRest {
                lines.append(line.joined(separator: " "))
                (line, width) = ([], 0)
            }
            for step in phrase {
                if !line.isEmpty, indentation + 4 + width + step.text.count + 4 > Self.lineWidth {
                    lines.append(line.joined(separator: " "))
                    (line, width, beginsPhrase) = ([], 0, false)
                }
                if line.isEmpty { beginsPhrase = step.beginsPhrase }
                line.append("|> " + step.text)
                width += step.text.count + 4
            }
            group = own
        }
        lines.append(line.joined(separator: " "))
        return ([front + head] + lines).joined(separator: "\n")
    }

    private static let lineWidth = 116
    private static let stepsInLine = 8

    /// The steps in runs that begin with one that lines may begin with.
    private var phrases: [ArraySlice<Step>] {
        var phrases: [ArraySlice<Step>] = []
        var start = 0
        for index in steps.indices.dropFirst() where steps[index].beginsPhrase {
            phrases.append(steps[start..<index])
            start = index
        }
        phrases.append(steps[start...])
        return phrases
    }
}
