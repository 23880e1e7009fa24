// Microsoft's own Kusto language service as a line-by-line server, for tests/kql/language.py: it loads for seconds.
// Line in:  {"schema": {"tables": {name: "(a:string)"}, "functions": {name: ["(x:long)", "{ … }"]}, "views": {name: query}},
//            "database": name, "texts": [text, …]}
// Line out: [[{"start", "length", "severity", "code", "message"}, …], …], one list for each text; start counts UTF-16 units.
'use strict';
const readline = require('node:readline');
const { createRequire } = require('node:module');

const installed = createRequire(`${process.argv[2]}/`);
// In this order: the runtime of the compiled .NET code first. Both leave their names among the globals.
installed('@kusto/language-service-next/bridge.js');
installed('@kusto/language-service-next/Kusto.Language.Bridge.js');
const { Bridge, System } = globalThis;
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

const listOf = (type, items) => {
    const list = new (System.Collections.Generic.List$1(type).ctor)();
    items.forEach((item) => list.add(item));
    return list;
};

// `$ctorN` are the constructors' overloads as Bridge.NET numbers them (Kusto.Language.Bridge.d.ts).
const globalsOf = (database, symbols) =>
    GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1(database, listOf(Symbols.Symbol, symbols)));

function stateOf({ tables = {}, functions = {}, views = {} }, database) {
    const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
    for (const [name, [parameters, body]] of Object.entries(functions)) {
        symbols.push(new Symbols.FunctionSymbol.$ctor16(name, parameters, body, ''));
    }
    for (const [name, query] of Object.entries(views)) {
        const { ResultType } = KustoCode.ParseAndAnalyze(query, globalsOf(database, symbols));
        if (ResultType && ResultType.Columns) {
            symbols.push(new Symbols.MaterializedViewSymbol.$ctor2(name, ResultType.Columns, query, ''));
        }
    }
    return globalsOf(database, symbols);
}

function diagnosticsOf(text, state) {
    const found = Bridge.toArray(KustoCode.ParseAndAnalyze(text, state).GetDiagnostics());
    return found.map((d) => ({ start: d.Start, length: d.Length, severity: d.Severity, code: d.Code, message: d.Message }));
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const { schema, database, texts } = JSON.parse(line);
    const state = stateOf(schema, database);
    process.stdout.write(`${JSON.stringify(texts.map((text) => diagnosticsOf(text, state)))}\n`);
});
