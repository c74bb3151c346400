import ArgumentParser
import Foundation

/// How answers are printed that come picture by picture.
enum AnswerFormat: String, CaseIterable, ExpressibleByArgument {
    case text, csv, jsonl
}

/// Prints what a network says of pictures, a line for each, as soon as it is known.
struct AnswerWriter {
    private enum Form {
        case text, csv, lines
        /// One object that holds all answers.
        case object
    }

    private let form: Form
    private var isFirst = true
    /// The classes that a line of CSV has room for.
    private let mostClasses: Int

    /// - Parameters:
    ///   - isObject: whether one JSON object is printed.
    ///   - mostClasses: how many classes an answer has at most.
    init(_ format: AnswerFormat, isObject: Bool, mostClasses: Int) {
        self.mostClasses = mostClasses
        switch format {
        case _ where isObject: form = .object
        case .text: form = .text
        case .csv: form = .csv
        case .jsonl: form = .lines
        }
    }

    /// Prints an answer. One that only says why there is none is not for people, nor for tables: they are told on standard error.
    mutating func write(_ answer: PictureAnswer) {
        if answer.error != nil, form == .text || form == .csv { return }
        switch form {
        case .text: print(Self.text(answer))
        case .csv:
            let fields = self.fields(of: answer)
            if isFirst { print(Self.line(fields.map(\.name))) }
            print(Self.line(fields.map(\.value)))
        case .lines: Console.printJSON(answer)
        case .object:
            print(isFirst ? "{\"pictures\":[" : ",", terminator: "\n")
            Console.printJSON(answer)
        }
        isFirst = false
    }

    /// Prints what is left at the end: of an object, what is known of all.
    func end(_ summary: some Encodable) {
        guard form == .object else { return }
        print(isFirst ? "{\"pictures\":[],\"summary\":" : "],\"summary\":", terminator: "")
        Console.printJSON(summary)
        print("}")
    }

    private static func text(_ answer: PictureAnswer) -> String {
        var parts = (answer.top ?? []).map { "\(Format.line($0.name)) \(Format.percent($0.probability))" }
        parts += (answer.classes ?? []).map { "\(Format.line($0.name)) \(Format.percent($0.share, 1)) \($0.color)" }
        for output in answer.outputs ?? [] {
            guard let lowest = output.lowest, let highest = output.highest, let mean = output.mean else {
                parts.append("\(output.name) \(output.shape): no finite value")
                continue
            }
            parts.append("\(output.name) \(output.shape): " + String(format: "from %.5g to %.5g, mean %.5g", lowest, highest, mean))
        }
        let files = answer.files.map { "  → " + $0.map(Format.line).joined(separator: ", ") } ?? ""
        return Format.line(answer.path) + ": " + parts.joined(separator: ", ") + files
    }

    // MARK: CSV

    private func fields(of answer: PictureAnswer) -> [(name: String, value: String)] {
        var fields = [("path", answer.path)]
        if let top = answer.top {
            for place in 0..<mostClasses {
                let found = place < top.count ? top[place] : nil
                fields.append(("class_\(place + 1)", found?.name ?? ""))
                fields.append(("index_\(place + 1)", found.map { "\($0.index)" } ?? ""))
                fields.append(("probability_\(place + 1)", found.map { "\(Float($0.probability))" } ?? ""))
            }
        }
        if let classes = answer.classes {
            for place in 0..<mostClasses {
                let found = place < classes.count ? classes[place] : nil
                fields.append(("map_class_\(place + 1)", found?.name ?? ""))
                fields.append(("map_index_\(place + 1)", found.map { "\($0.index)" } ?? ""))
                fields.append(("map_share_\(place + 1)", found.map { "\(Float($0.share))" } ?? ""))
            }
        }
        for output in answer.outputs ?? [] {
            fields.append(("\(output.name)_lowest", output.lowest.map { "\($0)" } ?? ""))
            fields.append(("\(output.name)_highest", output.highest.map { "\($0)" } ?? ""))
            fields.append(("\(output.name)_mean", output.mean.map { "\(Float($0))" } ?? ""))
        }
        for (place, file) in (answer.files ?? []).enumerated() { fields.append(("file_\(place + 1)", file)) }
        return fields
    }

    /// Fields as RFC 4180 writes them.
    private static func line(_ fields: [String]) -> String {
        fields.map { field in
            field.contains { $0 == "," || $0 == "\"" || $0.isNewline } ? "\"\(field.replacing("\"", with: "\"\""))\"" : field
        }.joined(separator: ",")
    }
}
