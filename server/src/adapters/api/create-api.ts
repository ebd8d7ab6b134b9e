import fastifyRateLimit from '@fastify/rate-limit';
import fastifySwagger from '@fastify/swagger';
import { type FastifyInstance } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { accessRoutes } from './access-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { playbackRoutes } from './playback-routes.ts';
import { vodRoutes } from './vod-routes.ts';
import { banRoutes } from './ban-routes.ts';
import { broadcastRoutes } from './broadcast-routes.ts';
import { channelRoutes } from './channel-routes.ts';
import { chatRoutes } from './chat-routes.ts';
import { followerRoutes } from './follower-routes.ts';
import { moderatorRoutes } from './moderator-routes.ts';
import { type ApiParts } from './parts.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { donationRoutes } from './donation-routes.ts';
import { outboxRoutes } from './outbox-routes.ts';
import { paymentRoutes } from './payment-routes.ts';
import { ApiProblem, errorHandler } from './problems.ts';
import { refuseNul } from './refuse-nul.ts';
import { streamKeyRoutes } from './stream-key-routes.ts';
import { subscriptionRoutes } from './subscription-routes.ts';
import { reportRoutes } from './report-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

const MONEY_AND_HOOKS = [
  ...[paymentRoutes, donationRoutes, subscriptionRoutes, outboxRoutes],
  ...[webhookRoutes, deliveryRoutes],
];
const BROADCASTS = [
  ...[broadcastRoutes, streamKeyRoutes, accessRoutes],
  ...[healthRoutes, playbackRoutes, vodRoutes],
];
const BODY_BYTES = 65_536;
/** Of one address or token. */
const REQUESTS_A_MINUTE = 600;
/** Addresses and tokens whose requests are counted. */
const COUNTED = 20_000;

/** Adds the API of the broadcast service to a server. `onError` is told of failures of ours. */
export async function createApi(
  app: FastifyInstance,
  parts: ApiParts,
  onError: (error: Error) => void,
): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler(errorHandler(onError));
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    await scope.register(fastifySwagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Shoal', version: '1' },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      },
      transform: jsonSchemaTransform,
    });
    await scope.register(fastifyRateLimit, {
      max: REQUESTS_A_MINUTE,
      timeWindow: 60_000,
      cache: COUNTED,
      enableDraftSpec: true,
      keyGenerator: (request) => request.headers.authorization ?? request.ip,
      errorResponseBuilder: (_request, { max }) =>
        new ApiProblem(429, { code: 'too-many-requests', detail: `at most ${max} a minute` }),
    });
    // After the requests are counted, so that nobody can try tokens faster.
    scope.addHook('preParsing', async (request) => parts.gate.identify(request));
    scope.addHook('onRoute', (route) => {
      route.bodyLimit = BODY_BYTES;
      const needs = parts.gate.rankNeeded(route.preParsing);
      if (needs === undefined) return;
      const security = needs === 'anonymous' ? [] : [{ token: [] }];
      route.schema = { ...route.schema, security, description: `For: ${needs} and above.` };
    });
    scope.addHook('preValidation', refuseNul);
    scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger());
    const api = scope.withTypeProvider<ZodTypeProvider>();
    channelRoutes(api, parts);
    tokenRoutes(api, parts);
    for (const add of BROADCASTS) add(api, parts);
    for (const add of MONEY_AND_HOOKS) add(api, parts);
    chatRoutes(api, parts);
    banRoutes(api, parts);
    moderatorRoutes(api, parts);
    followerRoutes(api, parts);
    reportRoutes(api, parts);
  });
}
