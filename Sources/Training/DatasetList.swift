import Foundation
import Interchange

/// Lists of pictures in files of comma-separated values: a row a picture, its path, relative to the list's folder, and its label.
///
/// A first line without a picture's path is a header, in which columns called as below are looked for; otherwise the path comes first.
enum DatasetList {
    private static let partNames: [Dataset.Part: [String]] = [
        .training: ["train.csv", "training.csv"], .heldOut: ["val.csv", "valid.csv", "validation.csv", "test.csv"],
    ]
    private static let pathColumns: Set<String> = ["path", "file", "filename", "file_name", "filepath", "image", "image_path", "picture"]
    private static let labelColumns: Set<String> = ["label", "labels", "class", "class_name", "category", "target"]
    /// More classes than any data set has; names of all of them are held in memory.
    private static let largestLabel = 65_535
    /// Of how many rows is told that they cannot be used; each error takes hundreds of bytes.
    private static let mostBroken = 250_000

    /// One row, whose labels are not looked at yet.
    private struct Row {
        var line: Int
        var path: String
        var labels: [String]
    }

    /// Whether a file of this name in a folder is the list of a part.
    static func isPart(_ name: String) -> Bool { partNames.values.contains { $0.contains(name) } }

    static func hasPart(_ part: Dataset.Part, in path: String) -> Bool { find(part, in: path) != nil }

    /// Reads the list of one part: the file itself, which has no held-out part, or the lists of a folder.
    ///
    /// Labels that are whole numbers are classes from 0; other texts are names of classes, sorted, those of the training part.
    ///
    /// Where numbers are wanted, and most rows have as many, they are those of the pictures, and a row that has not is broken; otherwise each
    /// names all classes that its picture belongs to.
    ///
    /// - Parameter classNames: the classes, where weights remember them: a label is then one's name, or, where none is, a number one's place.
    static func pictures(
        _ path: String, _ part: Dataset.Part, classNames: [String]? = nil, wish: DatasetWish = .classes
    ) throws(InterchangeError) -> DatasetPictures {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if !isThere { throw InterchangeError(path, "there is no such file or folder", repair: "check the path") }
        if !isFolder.boolValue {
            guard part == .training else {
                throw InterchangeError(
                    path, "one list has no held-out part",
                    repair: "name a folder that holds train.csv and val.csv, or hold out a share: --held-out 0.1")
            }
            return try pictures(list: path, training: path, other: nil, name: "csv:\(path)", classNames, wish)
        }
        let heldOut = find(.heldOut, in: path)
        if part == .heldOut, let heldOut, classNames != nil {
            return try pictures(list: heldOut, training: heldOut, other: nil, name: "csv:\(path)", classNames, wish)
        }
        guard let training = find(.training, in: path) else {
            throw InterchangeError(path, "there is no train.csv in the folder", repair: "add one, or name the list itself")
        }
        if part == .training {
            return try pictures(list: training, training: training, other: heldOut, name: "csv:\(path)", classNames, wish)
        }
        guard let heldOut else {
            throw InterchangeError(
                path, "there is no val.csv or test.csv in the folder", repair: "add one, or hold out a share: --held-out 0.1")
        }
        return try pictures(list: heldOut, training: training, other: training, name: "csv:\(path)", nil, wish)
    }

    private static func find(_ part: Dataset.Part, in folder: String) -> String? {
        (partNames[part] ?? []).map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
    }

    /// - Parameters:
    ///   - training: the list whose labels are the classes.
    ///   - other: a further list that may have larger numbers as labels.
    private static func pictures(
        list: String, training: String, other: String?, name: String, _ classNames: [String]?, _ wish: DatasetWish
    ) throws(InterchangeError) -> DatasetPictures {
        let rows = try rows(of: list)
        if case .numbers(let count) = wish, areMostlyNumbers(rows, count) {
            var pictures = DatasetPictures(
                name: name, path: list, classNames: classNames ?? (0..<count).map(String.init), files: [])
            var values: [Float] = []
            for row in rows {
                do throws(InterchangeError) {
                    values += try numbers(of: row, count, list)
                    pictures.files.append((path(of: row, list), 0))
                } catch { try add(error, to: &pictures) }
            }
            pictures.truth = .numbers(values, columns: pictures.classNames)
            return pictures
        }
        if wish == .labelMaps {
            throw InterchangeError(
                list, "a list has no classes of pixels", repair: "save pictures and maps as arrays, and name them numpy:PATH")
        }
        let known = training == list ? rows : try self.rows(of: training)
        let others = try other.map { path throws(InterchangeError) in path == training ? known : try self.rows(of: path) } ?? []
        let classes = try Classes(known.flatMap(\.labels), (rows + others).flatMap(\.labels), names: classNames, list: training)
        // A row of shares is as long as there are classes: more than the network takes are refused before they fill the memory.
        if case .numbers(let count) = wish, classes.names.count > count {
            throw InterchangeError(
                list, "there are \(classes.names.count) classes, but the target takes \(count)",
                repair: "give the network as many, for example with -D classes=\(classes.names.count)")
        }
        var pictures = DatasetPictures(name: name, path: list, classNames: classes.names, files: [])
        var shares: [Float] = []
        let areShares = if case .numbers = wish { true } else { false }
        for row in rows {
            do throws(InterchangeError) {
                let labels = try labels(of: row, classes, list, areSeveral: areShares || wish == .pictures)
                pictures.files.append((path(of: row, list), labels.first ?? 0))
                // As long as there are classes, for each picture: nothing else takes them.
                if areShares { shares += classes.shares(of: labels) }
            } catch { try add(error, to: &pictures) }
        }
        if areShares { pictures.truth = .numbers(shares, columns: classes.names) }
        return pictures
    }

    private static func add(_ error: InterchangeError, to pictures: inout DatasetPictures) throws(InterchangeError) {
        guard pictures.broken.count < mostBroken else {
            throw InterchangeError(
                pictures.path, "more than \(mostBroken) rows of the list cannot be used", repair: "write rows path,label",
                notes: pictures.broken.prefix(40).map(\.finding) + ["… and \(pictures.broken.count - 40) more"])
        }
        pictures.broken.append(error)
    }

    private static func path(of row: Row, _ list: String) -> String {
        let folder = FilePath.folder(of: list)
        return row.path.hasPrefix("/") || folder.isEmpty ? row.path : "\(folder)/\(row.path)"
    }

    /// Whether more than half of the rows have `count` finite numbers each, and no other label.
    private static func areMostlyNumbers(_ rows: [Row], _ count: Int) -> Bool {
        let fitting = rows.count { row in row.labels.count == count && row.labels.allSatisfy { Float($0)?.isFinite ?? false } }
        return 2 * fitting > rows.count
    }

    /// The numbers of one row of a list of numbers.
    private static func numbers(of row: Row, _ count: Int, _ list: String) throws(InterchangeError) -> [Float] {
        func fail(_ message: String, _ repair: String) -> InterchangeError {
            InterchangeError(list, .entry("line \(row.line)"), message, repair: repair)
        }
        if row.path.isEmpty { throw fail("there is no path of a picture", "write path,number") }
        let wanted = "\(count) number\(count == 1 ? "" : "s")"
        var values: [Float] = []
        for text in row.labels where !text.isEmpty {
            guard let value = Float(text), value.isFinite else {
                throw fail("\(text) is no finite number, as most rows have \(wanted)", "write \(wanted) behind the path")
            }
            values.append(value)
        }
        guard values.count == count else {
            throw fail(
                "there \(values.count == 1 ? "is 1 number" : "are \(values.count) numbers") behind the path, not \(count) as in most rows",
                "write \(wanted) behind the path")
        }
        return values
    }

    /// The classes of a picture, one or more.
    private static func labels(
        of row: Row, _ classes: Classes, _ list: String, areSeveral: Bool
    ) throws(InterchangeError) -> [Int32] {
        func fail(_ message: String, _ repair: String) -> InterchangeError {
            InterchangeError(list, .entry("line \(row.line)"), message, repair: repair)
        }
        if row.path.isEmpty { throw fail("there is no path of a picture", "write path,label") }
        guard let text = row.labels.first, !text.isEmpty else { throw fail("there is no label behind the path", "write path,label") }
        if row.labels.count > 1, !areSeveral {
            let message = "the picture has \(row.labels.count) labels, and this network is trained on one class a picture"
            throw fail(
                message,
                "keep one label a line, or name the columns path and label in a header; or declare the target as f32[N, classes]")
        }
        var labels: [Int32] = []
        for text in row.labels where !text.isEmpty { labels.append(try label(text, classes, fail)) }
        return labels
    }

    private static func label(
        _ text: String, _ classes: Classes, _ fail: (String, String) -> InterchangeError
    ) throws(InterchangeError) -> Int32 {
        guard let label = classes.label(text) else {
            if classes.areNumbers { throw fail("\(text) is not a class from 0 to \(classes.largest)", "number the classes from 0") }
            let known = classes.names.prefix(12).joined(separator: ", ")
            throw fail("the class \(text) is not among those that were trained", "use one of \(known)")
        }
        return label
    }

    /// What labels mean.
    private struct Classes {
        let names: [String]
        let areNumbers: Bool
        /// The largest number that is a class.
        let largest: Int
        private let places: [String: Int32]

        init(_ labels: [String], _ others: [String], names given: [String]?, list: String) throws(InterchangeError) {
            let texts = Set(labels.lazy.filter { !$0.isEmpty })
            largest = given.map { $0.count - 1 } ?? largestLabel
            let areIntegers = !texts.isEmpty && texts.allSatisfy { Int($0) != nil }
            if let given {
                names = given
                // A label that is a remembered name is that class, though it be a number; numbers are places where none is a name.
                let isNumbered = given.enumerated().allSatisfy { $1 == String($0) }
                areNumbers = areIntegers && (isNumbered || texts.isDisjoint(with: given))
            } else if areIntegers {
                areNumbers = true
                let numbers = (labels + others).compactMap { Int($0) }.filter { (0...largestLabel).contains($0) }
                names = (0...(numbers.max() ?? 0)).map(String.init)
            } else {
                areNumbers = false
                names = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                guard names.count <= largestLabel + 1 else {
                    throw InterchangeError(
                        list, "there are \(names.count) classes, more than \(largestLabel + 1)",
                        repair: "name the column of labels `label` in a header")
                }
            }
            places = Dictionary(names.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }) { first, _ in first }
        }

        func label(_ text: String) -> Int32? {
            guard areNumbers else { return places[text] }
            return Int(text).flatMap { names.indices.contains($0) ? Int32(truncatingIfNeeded: $0) : nil }
        }

        /// One for each class that is among the labels, and zero for the others.
        func shares(of labels: [Int32]) -> [Float] {
            var shares = [Float](repeating: 0, count: names.count)
            for label in labels { shares[Int(label)] = 1 }
            return shares
        }
    }

    private static func rows(of list: String) throws(InterchangeError) -> [Row] {
        var rows = try CommaSeparated.read(list)
        if let first = rows.first, first.fields.count == 1, let separator = [";", "\t", "|"].first(where: first.fields[0].contains) {
            let name = separator == "\t" ? "tabs" : "'\(separator)'"
            throw InterchangeError(
                list, .entry("line \(first.line)"), "the fields are separated by \(name)", repair: "separate them by commas")
        }
        let folder = FilePath.folder(of: list)
        var (pathColumn, labelColumn): (Int, Int?) = (0, nil)
        if let first = rows.first, isHeader(first.fields, in: folder) {
            let names = first.fields.map { $0.lowercased() }
            if let path = names.firstIndex(where: pathColumns.contains), let label = names.firstIndex(where: labelColumns.contains) {
                (pathColumn, labelColumn) = (path, label)
            }
            rows.removeFirst()
        }
        if rows.isEmpty { throw InterchangeError(list, "the list holds no picture", repair: "write lines path,label") }
        return rows.map { row in
            func field(_ index: Int) -> String { index < row.fields.count ? row.fields[index] : "" }
            // A comma at the end of a line is no further label.
            let labels =
                labelColumn.map { [field($0)] } ?? Array(row.fields.dropFirst().enumerated().filter { $0 == 0 || !$1.isEmpty }.map(\.1))
            return Row(line: row.line, path: field(pathColumn), labels: labels)
        }
    }

    private static func isHeader(_ fields: [String], in folder: String) -> Bool {
        if fields.contains(where: DatasetPictures.isPicture) { return false }
        return !FileManager.default.fileExists(atPath: folder.isEmpty ? fields[0] : "\(folder)/\(fields[0])") || fields[0].isEmpty
    }
}
