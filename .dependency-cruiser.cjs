/* Who may import whom; ARCHITECTURE.md draws the same picture. */
const core = '(tracker|server|client-sdk)/src/core/';
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'protocol-is-leaf',
      severity: 'error',
      from: { path: '^protocol/src/' },
      to: { pathNot: '^protocol/src/' },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: `^${core}` },
      to: { pathNot: `^(${core}|protocol/src/)` },
    },
    {
      name: 'core-stays-home',
      severity: 'error',
      from: { path: '^([^/]+)/src/core/' },
      to: { path: '^[^/]+/src/core/', pathNot: '^$1/' },
    },
    {
      name: 'sdk-knows-no-server',
      severity: 'error',
      from: { path: '^client-sdk/' },
      to: { path: '^(server|tracker|demo|test)/' },
    },
    {
      name: 'server-and-tracker-apart',
      severity: 'error',
      from: { path: '^(server|tracker)/src/' },
      to: { path: '^(client-sdk|demo|test)/' },
    },
    {
      name: 'server-knows-no-tracker',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^tracker/' },
    },
    {
      name: 'tracker-knows-no-server',
      severity: 'error',
      from: { path: '^tracker/' },
      to: { path: '^server/' },
    },
    {
      name: 'pages-know-the-sdk-only',
      severity: 'error',
      from: { path: '^demo/(viewer|studio|overlay|shared-ui)/' },
      to: { path: '^(server|tracker|test|demo/app)/' },
    },
    {
      name: 'no-deep-import',
      severity: 'error',
      // Unit, contract and integration tests of an adapter reach the adapter.
      from: { path: '^([^/]+)/', pathNot: '^test/(unit|integration|contract)/' },
      to: {
        path: '^(protocol|tracker|server|client-sdk)/src/(?!index|core/index|node/index)',
        pathNot: '^$1/',
      },
    },
    {
      name: 'only-compose-constructs-adapters',
      severity: 'error',
      from: {
        path: '^(tracker|server|client-sdk)/src/',
        pathNot: '/(compose(-delivery)?|adapters/.*|[^/]+-main)\\.ts$|/adapters/',
      },
      to: { path: '^(tracker|server|client-sdk)/src/adapters/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'node-media-server-in-one-file',
      severity: 'error',
      from: { pathNot: '^(server/src/adapters/ingest/rtmp-session\\.ts|test/)' },
      to: { path: 'node_modules/node-media-server' },
    },
    {
      name: 'fluent-ffmpeg-in-one-file',
      severity: 'error',
      from: { pathNot: '^server/src/adapters/encoder/ffmpeg-process\\.ts' },
      to: { path: 'node_modules/(fluent-ffmpeg|@types/fluent-ffmpeg)' },
    },
    {
      name: 'simple-peer-in-one-file',
      severity: 'error',
      from: { pathNot: '^client-sdk/src/adapters/peer/simple-peer-link\\.ts' },
      to: { path: 'node_modules/@thaunknown/simple-peer' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@shoal/source', 'import', 'default', 'types'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
  },
};
