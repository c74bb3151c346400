internal import CLLVM
import LoopNest

/// A sum of known values times factors, plus a constant: what an index is once loop variables are bound.
struct LinearForm: Hashable {
    struct Term: Hashable {
        /// The number of the value in the emitter's list.
        var atom: Int
        var factor: Int
    }

    var constant: Int
    /// Sorted by atom, no factor zero.
    var terms: [Term] = []

    init(_ constant: Int) { self.constant = constant }
    init(atom: Int) {
        constant = 0
        terms = [Term(atom: atom, factor: 1)]
    }

    var constantValue: Int? { terms.isEmpty ? constant : nil }

    static func + (a: LinearForm, b: LinearForm) -> LinearForm {
        var sum = LinearForm(a.constant + b.constant)
        sum.terms.reserveCapacity(a.terms.count + b.terms.count)
        var (i, j) = (0, 0)
        while i < a.terms.count || j < b.terms.count {
            if j == b.terms.count || (i < a.terms.count && a.terms[i].atom < b.terms[j].atom) {
                sum.terms.append(a.terms[i])
                i += 1
            } else if i == a.terms.count || b.terms[j].atom < a.terms[i].atom {
                sum.terms.append(b.terms[j])
                j += 1
            } else {
                let factor = a.terms[i].factor + b.terms[j].factor
                if factor != 0 { sum.terms.append(Term(atom: a.terms[i].atom, factor: factor)) }
                i += 1
                j += 1
            }
        }
        return sum
    }

    static func * (a: LinearForm, factor: Int) -> LinearForm {
        if factor == 0 { return LinearForm(0) }
        var product = a
        product.constant *= factor
        for index in product.terms.indices { product.terms[index].factor *= factor }
        return product
    }

    func adding(_ offset: Int) -> LinearForm {
        var sum = self
        sum.constant += offset
        return sum
    }
}

/// Integer arithmetic and addresses of a kernel, computed as far out as the loops allow and once only.
///
/// An address is built as base, plus the part each scope contributes from the outermost in, plus a constant; the constant becomes the
/// displacement of the machine's addressing mode, so that all the accesses of a register block share one or a few base registers.
final class AddressEmitter {
    /// A value that is not a combination of others, and the depth of the scope that defines it.
    private struct Atom {
        var value: LLVMValue
        var depth: Int
    }

    private struct AddressKey: Hashable {
        var buffer: Int
        var form: LinearForm
    }

    private enum DerivedKey: Hashable {
        case quotient(LinearForm, Int)
        case remainder(LinearForm, Int)
        case minimum(LinearForm, LinearForm)
        case maximum(LinearForm, LinearForm)
    }

    /// A block under construction and what has been computed in it.
    private struct Scope {
        var block: LLVMBlock
        var addresses: [AddressKey: LLVMValue] = [:]
        var sums: [LinearForm: LLVMValue] = [:]
        var derived: [DerivedKey: LinearForm] = [:]
    }

    private let build: InstructionBuilder
    private var atoms: [Atom] = []
    private var scopes: [Scope] = []
    /// The depth of the scope in which the builder stands.
    private var position = -1
    private var bindings: [LinearForm?]

    init(_ build: InstructionBuilder, variables: Int) {
        self.build = build
        bindings = Array(repeating: nil, count: variables)
    }

    // MARK: Scopes

    /// Opens a scope whose code is what `block` dominates, and goes there.
    func enter(_ block: LLVMBlock) {
        scopes.append(Scope(block: block))
        position = scopes.count - 1
        build.moveToEnd(of: block)
    }

    func leave() {
        scopes.removeLast()
        position = scopes.count - 1
    }

    /// Continues the innermost scope in another block.
    func proceed(to block: LLVMBlock) {
        scopes[scopes.count - 1].block = block
        build.moveToEnd(of: block)
    }

    func bind(_ variable: Variable, to form: LinearForm) { bindings[variable.index] = form }

    /// A form that stands for `value`, defined in the innermost scope.
    func atom(_ value: LLVMValue) -> LinearForm { atom(value, depth: scopes.count - 1) }

    private func atom(_ value: LLVMValue, depth: Int) -> LinearForm {
        atoms.append(Atom(value: value, depth: depth))
        return LinearForm(atom: atoms.count - 1)
    }

    private func depth(of form: LinearForm) -> Int { form.terms.map { atoms[$0.atom].depth }.max() ?? 0 }

    /// Emits at the end of the scope at `depth`, which dominates everything inside.
    private func hoisting<Result>(to depth: Int, _ emit: () -> Result) -> Result {
        let previous = position
        if depth == previous { return emit() }
        precondition(depth < previous, "a value is needed outside the scope that defines it")
        position = depth
        build.moveBeforeBranch(of: scopes[depth].block)
        defer {
            position = previous
            build.moveBeforeBranch(of: scopes[previous].block)
        }
        return emit()
    }

    // MARK: Indices

    /// `index` as a combination of values.
    func form(_ index: Index) -> LinearForm {
        switch index {
        case .constant(let value): return LinearForm(value)
        case .variable(let variable):
            guard let form = bindings[variable.index] else { preconditionFailure("a loop variable is used outside its loop") }
            return form
        case .sum(let a, let b): return form(a) + form(b)
        case .product(let a, let factor): return form(a) * factor
        case .quotient(let a, let divisor): return quotient(form(a), divisor)
        case .remainder(let a, let divisor): return remainder(form(a), divisor)
        case .minimum(let a, let b): return extreme(form(a), form(b), isMinimum: true)
        case .maximum(let a, let b): return extreme(form(a), form(b), isMinimum: false)
        }
    }

    private func quotient(_ form: LinearForm, _ divisor: Int) -> LinearForm {
        if let value = form.constantValue { return LinearForm(value / divisor) }
        return derived(.quotient(form, divisor), depth(of: form)) {
            build.integer(.unsignedQuotient, value(form), build.int64(divisor))
        }
    }

    private func remainder(_ form: LinearForm, _ divisor: Int) -> LinearForm {
        if let value = form.constantValue { return LinearForm(value % divisor) }
        return form + quotient(form, divisor) * -divisor
    }

    private func extreme(_ a: LinearForm, _ b: LinearForm, isMinimum: Bool) -> LinearForm {
        if a.terms == b.terms {
            return (a.constant < b.constant) == isMinimum ? a : b
        }
        return derived(isMinimum ? .minimum(a, b) : .maximum(a, b), max(depth(of: a), depth(of: b))) {
            build.intrinsic(isMinimum ? "llvm.smin" : "llvm.smax", [build.int64], [value(a), value(b)])
        }
    }

    private func derived(_ key: DerivedKey, _ depth: Int, _ emit: () -> LLVMValue) -> LinearForm {
        if let known = scopes[depth].derived[key] { return known }
        let result = atom(hoisting(to: depth, emit), depth: depth)
        scopes[depth].derived[key] = result
        return result
    }

    /// The number as an i64.
    func value(_ form: LinearForm) -> LLVMValue {
        if form.terms.isEmpty { return build.int64(form.constant) }
        if form.constant == 0, form.terms.count == 1, form.terms[0].factor == 1 { return atoms[form.terms[0].atom].value }
        let depth = depth(of: form)
        if let known = scopes[depth].sums[form] { return known }
        let result = hoisting(to: depth) {
            var sum: LLVMValue?
            for term in form.terms {
                let atom = atoms[term.atom].value
                let product = term.factor == 1 ? atom : build.integer(.multiply, atom, build.int64(term.factor))
                sum = sum.map { build.integer(.add, $0, product) } ?? product
            }
            guard let sum else { preconditionFailure("a form without terms is a constant") }
            return form.constant == 0 ? sum : build.integer(.add, sum, build.int64(form.constant))
        }
        scopes[depth].sums[form] = result
        return result
    }

    func value(_ index: Index) -> LLVMValue { value(form(index)) }

    // MARK: Addresses

    /// The address of element `index` of a buffer that begins at `base`.
    func address(buffer: Int, base: LLVMValue, _ element: LLVMType, _ index: Index) -> LLVMValue {
        let whole = form(index)
        var address = base
        var prefix = LinearForm(0)
        var first = 0
        let order = whole.terms.sorted { (atoms[$0.atom].depth, $0.atom) < (atoms[$1.atom].depth, $1.atom) }
        while first < order.count {
            let depth = atoms[order[first].atom].depth
            let end = order[first...].firstIndex { atoms[$0.atom].depth != depth } ?? order.count
            var part = LinearForm(0)
            for term in order[first..<end] { part = part + LinearForm(atom: term.atom) * term.factor }
            prefix = prefix + part
            let key = AddressKey(buffer: buffer, form: prefix)
            if let known = scopes[depth].addresses[key] {
                address = known
            } else {
                let start = address
                address = hoisting(to: depth) { build.address(start, element, offset: value(part)) }
                scopes[depth].addresses[key] = address
            }
            first = end
        }
        return whole.constant == 0 ? address : build.address(address, element, offset: build.int64(whole.constant))
    }
}
